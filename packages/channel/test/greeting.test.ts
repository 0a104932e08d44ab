// Connections can be made without any key, so a heap of greetings that nobody acknowledges does not grow. What somebody on the line
// makes of that bound must not leave two honest ends silent on a line that is up: the vault asks nothing before it was greeted.
import { attachLink } from '@coldwire/link';
import { decode, encode, GREETINGS_MAX, Header, type Message, Resume } from '@coldwire/protocol';
import { encodeItem } from '@coldwire/protocol/connection/items.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextNonce, Station } from './station.ts';
import { createRandom, createWire, type Wire } from './wire.ts';

const GREETING = new Uint8Array(8).fill(7);

/** Greets on each connection that is worth it, as every program does. */
class Greeter extends Station {
  override onUp(): void {
    if (this.channel?.greets === true) this.say(GREETING);
  }
}

let wires: { readonly vault: Wire; readonly signer: Wire };
let vault: Greeter;
let signer: Greeter;
let part: () => void;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  wires = { vault: createWire(createRandom(1), 0), signer: createWire(createRandom(2), 0) };
  vault = new Greeter(0, wires.vault);
  signer = new Greeter(1, wires.signer);
  await meet(3_000);
  part();
  await wait(4_000);
});
afterEach(() => {
  vault.remove();
  signer.remove();
  vi.useRealTimers();
});

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The honest line, through the hands of whoever holds it. */
async function meet(ms: number): Promise<void> {
  const [left, right] = [wires.vault.plug(1), wires.signer.plug(0)];
  left.onBytes((bytes) => void right.write(bytes));
  right.onBytes((bytes) => void left.write(bytes));
  part = () => {
    left.cut();
    right.cut();
  };
  await wait(ms);
}

const chainOf = (station: Station) => {
  if (station.channel === undefined) throw new Error('it does not run');
  return station.channel.chain;
};

function numberOf(header: Uint8Array): number {
  const read = decode(Header, header);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value.seq;
}

/** A connection to the vault by somebody without a key, who says what the signer would and hands over messages of the signer's. */
async function pose(messages: readonly Message[]): Promise<void> {
  const { theirs, acknowledged } = chainOf(signer);
  const hint = { ...theirs, acknowledgedSeq: acknowledged.seq, acknowledgedHash: acknowledged.hash };
  const port = wires.vault.plug(1);
  let items: Uint8Array[] = [];
  const say = (): void => {
    const { seq } = chainOf(vault).theirs;
    const said = messages.filter(({ header }) => numberOf(header) > seq);
    items = said.map((message) => encodeItem({ kind: 'inline', ...message }));
    pump();
  };
  const pump = (): void => {
    for (let next = items[0]; next !== undefined && link.sendable() > next.length; next = items[0]) {
      link.send(next);
      items.shift();
    }
    if (items.length > 0) setTimeout(pump, 5);
  };
  const link = attachLink(port, {
    role: 'responder',
    baud: 0,
    nextNonce,
    resume: () => encode(Resume, hint),
    onUp: say,
    onDown: () => undefined,
    onBytes: () => undefined,
    onRoom: () => undefined,
    onEnd: () => undefined,
  });
  await wait(4_000);
  port.cut();
  await link.stop();
  await wait(5_000);
}

/** As many connections as the liar likes come to this. */
function fill(station: Greeter): void {
  for (let said = 0; said < 2 * GREETINGS_MAX; said += 1)
    if (station.channel?.greets === true) station.say(GREETING);
  expect(station.channel?.outstanding).toBe(GREETINGS_MAX);
}

/** Both hear a message that was said on this line, and nothing waits. */
async function expectGood(): Promise<void> {
  const [ours, theirs] = [chainOf(vault).mine.seq, chainOf(signer).mine.seq];
  await meet(60_000);
  expect([vault.channel?.up, signer.channel?.up]).toEqual([true, true]);
  expect(chainOf(vault).theirs.seq).toBeGreaterThan(theirs);
  expect(chainOf(signer).theirs.seq).toBeGreaterThanOrEqual(ours);
  expect(chainOf(vault).sent.length).toBeLessThan(GREETINGS_MAX);
  expect(chainOf(signer).sent.length).toBeLessThan(GREETINGS_MAX);
  expect([vault.alarms, signer.alarms]).toEqual([[], []]);
}

describe('Two ends with a heap of greetings each', () => {
  it('greet each other when they meet', async () => {
    fill(signer);
    fill(vault);
    await expectGood();
  });

  it('do so when the vault has heard those of the signer already, and said so to nobody', async () => {
    fill(signer);
    fill(vault);
    await pose(chainOf(signer).sent);
    expect(chainOf(vault).theirs).toEqual(chainOf(signer).mine);
    await pose([]);
    await expectGood();
  });

  it('stay connected after that, and say nothing more', async () => {
    fill(signer);
    fill(vault);
    await expectGood();
    const said = [vault.said.length, signer.said.length];
    const ups = vault.events.length;
    await wait(60_000);
    expect([vault.said.length, signer.said.length]).toEqual(said);
    expect(vault.events).toHaveLength(ups);
  });
});

describe('An end with a heap of greetings', () => {
  it('greets once more for each message of its peer that it has not acknowledged, and not for a connection without one', async () => {
    signer.say(GREETING);
    const heard = chainOf(signer).sent;
    fill(vault);
    const { seq } = chainOf(vault).mine;
    await pose([]);
    expect(chainOf(vault).mine.seq).toBe(seq);
    await pose(heard);
    await pose([]);
    const { mine, sent, theirs } = chainOf(vault);
    expect(mine.seq).toBe(seq + 1);
    const last = decode(Header, sent.at(-1)?.header ?? new Uint8Array(0));
    expect(last.ok && last.value.receiptSeq).toBe(theirs.seq);
    await pose([]);
    await pose(heard);
    expect(chainOf(vault).mine.seq).toBe(seq + 1);
  });
});
