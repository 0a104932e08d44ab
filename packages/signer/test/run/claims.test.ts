// Whoever holds the line, without any key, tells a signer that has just started where it stands. When he has gone, the vault's
// hello puts it right, also over a start; nothing is said in between, and nothing is taken twice.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, type ChannelOwner, foldRecord, unpackMessage } from '@coldwire/channel';
import { type EvidenceLog, openLog, readSnapshots } from '@coldwire/evidence';
import { attachLink } from '@coldwire/link';
import {
  type Chain,
  CLAIM_MAX,
  createChain,
  createEd25519Signer,
  decode,
  encode,
  GREETINGS_MAX,
  Header,
  Hello,
  Notice,
  Resume,
  START,
} from '@coldwire/protocol';
import { encodeItem } from '@coldwire/protocol/connection/items.ts';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRandom, createWire, type Wire } from '../../../channel/test/wire.ts';
import { identity, seeded } from '../../../policy/test/world.ts';
import { decodeLocal } from '../../src/core/event.ts';
import { lineByName } from '../../src/run/identify.ts';
import { REALIGNS_MAX, realignsUpTo } from '../../src/run/lost.ts';
import { Machine, SNAPSHOT_BYTES } from '../../src/run/machine.ts';
import { Report } from '../../src/run/report.ts';
import { restore } from '../../src/run/restore.ts';
import { materials, openKeys, Treasury } from '../signing-world.ts';

const root = mkdtempSync(join(tmpdir(), 'coldwire-claims-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { world } = new Treasury();
const report = new Report();
const TIMING = { redialMax: 300, lockedRetry: 300, silence: 3_000, keepAlive: 800 };
const vaultKey = identity('vault-1');
const signerKey = createEd25519Signer(materials.A.identitySeed).publicKey;
const HELLO = encode(Hello, {
  software: 'a vault',
  epoch: 0,
  tipHeight: 0,
  tipHash: new Uint8Array(32),
  frozen: false,
});

let nonces = 0;
const nextNonce = () => {
  nonces += 1;
  return seeded(`nonce ${nonces}`).slice(0, 16);
};

/** A signer with its keys on one end of a wire. */
class Signer {
  readonly #wire: Wire;
  readonly directory = mkdtempSync(join(root, 'signer-'));
  readonly #keys = openKeys('A');
  machine!: Machine;
  channel!: Channel;
  log!: EvidenceLog;
  #port: ReturnType<Wire['plug']> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.start();
  }

  start(): void {
    const line = lineByName(world.loaded, 'A', 'vault-1');
    const { state, log, chain } = restore(this.directory, world.loaded, line, noblePointMath);
    this.log = log;
    this.machine = new Machine(state, log, report);
    this.machine.ask();
    this.#port = this.#wire.plug(1);
    const options = { role: 'responder', port: this.#port, log, chain, nextNonce, baud: 0 } as const;
    this.channel = new Channel({ ...options, timing: TIMING }, this.machine);
    this.machine.attach(this.channel);
    this.machine.unlock(this.#keys, 'at start');
  }

  stop(): void {
    this.#port?.cut();
    void this.channel.stop();
    this.log.close();
  }

  restart(): void {
    this.stop();
    this.start();
  }
}

/** The vault's end: greets on each connection, and takes what it is told. */
class Vault {
  readonly directory = mkdtempSync(join(root, 'vault-'));
  readonly alarms: string[] = [];
  readonly types: string[] = [];
  readonly #wire: Wire;
  #end: { readonly channel: Channel; readonly log: EvidenceLog; readonly cut: () => void } | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** By its log, which nobody else may have open; by the channel while there is one. */
  get chain(): Chain {
    if (this.#end !== undefined) return this.#end.channel.chain;
    const line = { self: 'vault-1', peer: 'A', peerKey: signerKey } as const;
    let chain = createChain({ ...line, incoming: 'up', receiver: 'signer' });
    const { log } = openLog(this.directory, 'vault-1', (record) => {
      chain = foldRecord(chain, record);
    });
    log.close();
    return chain;
  }

  get channel(): Channel {
    if (this.#end === undefined) throw new Error('the vault is not there');
    return this.#end.channel;
  }

  start(): void {
    const { chain } = this;
    const { log } = openLog(this.directory, 'vault-1', () => undefined);
    const port = this.#wire.plug(0);
    const owner: ChannelOwner = {
      charter: world.loaded.first,
      session: 1,
      read: () => ({ uptime: 0, time: 0 }),
      sign: (hash) => vaultKey.sign(hash),
      salt: () => new Uint8Array(16),
      onMessage: ({ type }) => ({ entries: [], after: () => void this.types.push(type) }),
      onUp: () => {
        if (this.channel.greets) this.channel.send({ type: 'HELLO', request: null, body: HELLO });
      },
      onDown: () => undefined,
      onLocked: () => undefined,
      onProgress: () => undefined,
      onEnd: () => undefined,
      onAlarm: (code) => void this.alarms.push(code),
    };
    const channel = new Channel(
      { role: 'initiator', port, log, chain, nextNonce, baud: 0, timing: TIMING },
      owner,
    );
    this.#end = { channel, log, cut: () => port.cut() };
  }

  stop(): void {
    this.#end?.cut();
    void this.#end?.channel.stop();
    this.#end?.log.close();
    this.#end = undefined;
  }
}

let wire: Wire;
let signer: Signer;
let vault: Vault;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  wire = createWire(createRandom(1), 0);
  signer = new Signer(wire);
  vault = new Vault(wire);
});
afterEach(() => {
  vault.stop();
  signer.stop();
  vi.useRealTimers();
});

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A connection of somebody who has no key and says where the line stands. */
async function lie(resume: Resume): Promise<void> {
  vault.stop();
  const port = wire.plug(0);
  const link = attachLink(port, {
    role: 'initiator',
    baud: 0,
    nextNonce,
    resume: () => encode(Resume, resume),
    onUp: () => undefined,
    onDown: () => undefined,
    onBytes: () => undefined,
    onRoom: () => undefined,
    onEnd: () => undefined,
  });
  await wait(500);
  port.cut();
  await link.stop();
  await wait(5_000);
}

/** A connection to the vault of somebody who says what the signer would, and has its messages. */
async function pose({ theirs, acknowledged, sent }: Chain): Promise<void> {
  const resume = { ...theirs, acknowledgedSeq: acknowledged.seq, acknowledgedHash: acknowledged.hash };
  const port = wire.plug(1);
  const link = attachLink(port, {
    role: 'responder',
    baud: 0,
    nextNonce,
    resume: () => encode(Resume, resume),
    onUp: () => {
      for (const message of sent) link.send(encodeItem({ kind: 'inline', ...message }));
    },
    onDown: () => undefined,
    onBytes: () => undefined,
    onRoom: () => undefined,
    onEnd: () => undefined,
  });
  await wait(1_000);
  port.cut();
  await link.stop();
}

const claim = (mine: { seq: number; hash: Uint8Array }, acknowledgedSeq: number): Resume => ({
  ...mine,
  acknowledgedSeq,
  acknowledgedHash: seeded('nobody'),
});

function receiptOf(header: Uint8Array): number {
  const decoded = decode(Header, header);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value.receiptSeq;
}

/** The vault comes back, and the line is good: it asks, and is answered. */
async function expectGood(): Promise<void> {
  vault.types.splice(0);
  vault.start();
  await wait(5_000);
  expect(vault.channel.up).toBe(true);
  vault.channel.send({ type: 'STATUS', request: seeded('status').slice(0, 16), body: Uint8Array.of(0xa0) });
  await wait(1_000);
  expect(vault.types.slice(-1)).toEqual(['STATE']);
  expect(signer.channel.chain.proven).toBeUndefined();
}

/** The signer's own log holds each number once, in order. */
function expectNoNumberTwice(): void {
  const numbers: number[] = [];
  signer.stop();
  const { log } = openLog(signer.directory, 'A', ([, kind, , , bytes]) => {
    if (kind === 'sent') numbers.push(unpackMessage(bytes).header.seq);
  });
  log.close();
  expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
  signer.start();
}

/** Places that a hello can name, of a line on which something was said. */
const lies: readonly (readonly [string, (chain: Chain) => Resume])[] = [
  ['messages of the vault that it never made', ({ mine }) => claim(mine, CLAIM_MAX)],
  ['one message of the vault too many', ({ mine, theirs }) => claim(mine, theirs.seq + 1)],
  [
    'own messages that it never made',
    ({ theirs }) => claim({ seq: CLAIM_MAX, hash: seeded('x') }, theirs.seq),
  ],
  ['another last message of its own', ({ mine }) => claim({ ...mine, hash: seeded('x') }, 0)],
];

describe('A signer that has just started and is told of', () => {
  test.each(lies)('%s goes on with the vault when the liar has gone', async (_, said) => {
    await expectGood();
    const { chain } = signer.channel;
    await lie(said(chain));
    expect(signer.channel.chain.proven).toBeDefined();
    await expectGood();
  });

  test.each(lies)('%s, and starts again, does so too', async (_, said) => {
    await expectGood();
    await lie(said(signer.channel.chain));
    signer.restart();
    expect(signer.channel.chain.proven).toBeDefined();
    await expectGood();
    const before = signer.channel.chain;
    vault.stop();
    signer.restart();
    expect(signer.channel.chain.theirs).toEqual(before.theirs);
    await expectGood();
  });

  test('places as often as the liar likes loses nothing by it, and keeps what it had not delivered', async () => {
    await expectGood();
    vault.stop();
    await wait(5_000);
    const body = encode(Notice, { event: 'freeze', detail: 'console' });
    signer.channel.send({ type: 'NOTICE', request: null, body });
    signer.restart();
    const { mine } = signer.channel.chain;
    for (let time = 1; time <= 2 * REALIGNS_MAX; time += 1)
      await lie(claim({ seq: mine.seq + time, hash: seeded('x') }, 1000 + time));
    await expectGood();
    expect(vault.types[0]).toBe('NOTICE');
    expect(vault.chain.theirs.seq).toBeGreaterThan(mine.seq);
  });

  test('own messages that it never made sends what it had not delivered on the first connection of the vault', async () => {
    await expectGood();
    vault.stop();
    await wait(5_000);
    const body = encode(Notice, { event: 'freeze', detail: 'console' });
    signer.channel.send({ type: 'NOTICE', request: null, body });
    const { mine, theirs } = signer.channel.chain;
    await lie({
      seq: mine.seq + 3,
      hash: seeded('x'),
      acknowledgedSeq: theirs.seq,
      acknowledgedHash: theirs.hash,
    });
    await expectGood();
    expect(vault.types[0]).toBe('NOTICE');
    expect(vault.alarms).toEqual([]);
  });

  test('a place behind what the vault has acknowledged goes nowhere: no number is signed under twice', async () => {
    await expectGood();
    vault.stop();
    await wait(5_000);
    await expectGood();
    const { acknowledged } = signer.channel.chain;
    expect(acknowledged.seq).toBeGreaterThan(1);
    for (const mine of [
      START,
      { seq: acknowledged.seq - 1, hash: seeded('x') },
      { ...acknowledged, hash: seeded('x') },
    ]) {
      const before = signer.channel.chain;
      await lie(claim(mine, 0));
      await lie(claim(mine, 1000));
      expect(signer.channel.chain).toEqual(before);
    }
    await expectGood();
    expectNoNumberTwice();
  });

  test('a place says nothing there: no number is signed under twice', async () => {
    await expectGood();
    vault.stop();
    const { mine } = signer.channel.chain;
    const { index } = signer.log.head;
    await lie(claim({ seq: 1000, hash: seeded('x') }, 1000));
    signer.machine.happen({ event: 'freeze', detail: 'console' });
    expect(signer.log.head.index).toBeGreaterThan(index);
    expect(signer.channel.chain.mine.seq).toBe(1000);
    await expectGood();
    expect(vault.types).toContain('NOTICE');
    expect(vault.chain.theirs.seq).toBeLessThan(1000);
    expect(vault.chain.theirs.seq).toBeGreaterThan(mine.seq);
    expectNoNumberTwice();
  });

  test.each(lies)('%s, keeps that in a snapshot and starts from it, goes on too', async (_, said) => {
    await expectGood();
    await lie(said(signer.channel.chain));
    const claimed = signer.channel.chain;
    Object.defineProperty(signer.log, 'grown', { get: () => 2 * SNAPSHOT_BYTES });
    signer.machine.keep(signer.directory, []);
    expect([...readSnapshots(signer.directory, 'A')]).toHaveLength(1);
    signer.restart();
    expect(signer.channel.chain).toEqual(claimed);
    await expectGood();
  });
});

describe('A signer on an older copy of its disk', () => {
  const ask = (label: string) =>
    vault.channel.send({ type: 'STATUS', request: seeded(label).slice(0, 16), body: Uint8Array.of(0xa0) });
  const tell = (event: string) =>
    signer.channel.send({ type: 'NOTICE', request: null, body: encode(Notice, { event, detail: '' }) });

  /** Two requests are on the way down while two messages, which the copy does not hold, come up. */
  async function lose(): Promise<void> {
    await expectGood();
    vault.stop();
    signer.stop();
    const copy = mkdtempSync(join(root, 'copy-'));
    cpSync(signer.directory, copy, { recursive: true });
    signer.start();
    await expectGood();
    tell('one');
    ask('first');
    tell('two');
    ask('second');
    signer.stop();
    await wait(100);
    const { sent, theirs } = vault.chain;
    expect(sent.map(({ header }) => receiptOf(header) < theirs.seq)).toEqual([true, true]);
    rmSync(signer.directory, { recursive: true });
    cpSync(copy, signer.directory, { recursive: true });
    vault.types.splice(0);
    vault.alarms.splice(0);
  }

  /** Both are answered, once, under numbers that the vault waits for, and the line goes on. */
  async function expectAnswered(): Promise<void> {
    expect(vault.types.filter((type) => type === 'STATE')).toHaveLength(2);
    expect(vault.types).toContain('HELLO');
    expect(vault.alarms.filter((code) => code !== 'BAD_RECEIPT')).toEqual([]);
    vault.stop();
    await wait(5_000);
    await expectGood();
  }

  test('takes and answers what the vault had asked before it took what the copy lacks', async () => {
    await lose();
    signer.start();
    await wait(10_000);
    await expectAnswered();
  });

  test('does so when it starts again in between, and when a liar speaks in between', async () => {
    await lose();
    vault.stop();
    signer.start();
    const { mine } = signer.channel.chain;
    await lie(claim({ seq: mine.seq + 1, hash: seeded('x') }, 1));
    vault.start();
    for (let time = 0; signer.channel.chain.isShown === undefined && time < 5_000; time += 1) await wait(1);
    expect(signer.channel.chain.isShown).toBe(true);
    const { index } = signer.log.head;
    await lie(claim({ seq: mine.seq + 1, hash: seeded('x') }, 1));
    expect(signer.channel.chain.isShown).toBeUndefined();
    expect(signer.log.head.index).toBeGreaterThan(index);
    signer.restart();
    vault.start();
    for (let time = 0; signer.channel.chain.isShown === undefined && time < 5_000; time += 1) await wait(1);
    signer.restart();
    await wait(10_000);
    await expectAnswered();
  });

  test('says and writes nothing for what it only looks at', async () => {
    await lose();
    vault.stop();
    signer.start();
    vault.start();
    for (let time = 0; signer.channel.chain.isShown === undefined && time < 5_000; time += 1) await wait(1);
    signer.stop();
    const events: string[] = [];
    const { log } = openLog(signer.directory, 'A', ([, kind, , , bytes]) => {
      events.push(kind === 'local' ? decodeLocal(bytes).event : kind);
    });
    log.close();
    expect(events.slice(events.lastIndexOf('realign')).filter((event) => event !== 'change')).toEqual([
      'realign',
    ]);
    signer.start();
    await wait(10_000);
    await expectAnswered();
  });
});

describe('A signer whose memory is lost', () => {
  test('goes on with the vault, greets it, and is not led away from there again', async () => {
    await expectGood();
    const { seq } = vault.chain.theirs;
    vault.stop();
    signer.stop();
    signer = new Signer(wire);
    await expectGood();
    expect(vault.types).toContain('HELLO');
    expect(vault.chain.theirs.seq).toBeGreaterThan(seq);
    await lie(claim(START, 0));
    await lie(claim(signer.channel.chain.mine, 5000));
    await expectGood();
  });

  test('goes on with a vault that has a heap of greetings to it, and had not told it of its last message', async () => {
    await expectGood();
    const { theirs, acknowledged } = vault.chain;
    await lie({ ...theirs, acknowledgedSeq: acknowledged.seq, acknowledgedHash: acknowledged.hash });
    const { chain } = signer.channel;
    signer.stop();
    vault.start();
    // As many connections of a liar come to this; then he hands over what the signer said to him.
    while (vault.channel.greets) vault.channel.send({ type: 'HELLO', request: null, body: HELLO });
    expect(vault.channel.outstanding).toBe(GREETINGS_MAX);
    await pose(chain);
    expect(vault.chain.theirs.seq).toBe(theirs.seq + 1);
    vault.types.splice(0);
    signer = new Signer(wire);
    await wait(60_000);
    expect(vault.types).toContain('HELLO');
    expect(signer.channel.chain.proven).toBeUndefined();
    vault.stop();
    await wait(5_000);
    await expectGood();
  });

  test('and whose claims were used up goes on in the next hour', async () => {
    await expectGood();
    vault.stop();
    signer.stop();
    signer = new Signer(wire);
    for (let time = 1; time <= REALIGNS_MAX; time += 1)
      await lie(claim({ seq: 1000 + time, hash: seeded('x') }, 1000));
    vault.start();
    await wait(5_000);
    expect(signer.channel.chain.proven?.mine.seq).toBeLessThan(1000);
    vault.stop();
    signer.machine.read = () => ({ uptime: 3_600_000_000, time: 1_700_000_000 });
    await expectGood();
    expect([0, 3_599_999_999, 3_600_000_000].map(realignsUpTo)).toEqual([16, 16, 17]);
  });
});
