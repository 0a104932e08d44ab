// Whoever holds the line can make links and items as they like: an impostor speaks to a station with captured, altered and
// forged messages. Nothing is taken that the peer did not sign for this place, and the line works again afterwards.
import { attachLink } from '@coldwire/link';
import {
  concatBytes,
  draftMessage,
  encode,
  GREETINGS_MAX,
  type Head,
  hashBody,
  type Message,
  messageHash,
  Resume,
  recordSent,
  START,
} from '@coldwire/protocol';
import { encodeItem, INLINE_BODY_MAX } from '@coldwire/protocol/connection/items.ts';
import { MAX_PAYLOAD } from '@coldwire/protocol/frame/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CHARTER, createLineChain, KEYS, nextNonce, Station } from './station.ts';
import { createRandom, createWire, type Wire } from './wire.ts';

let wire: Wire;
let signer: Station;
let cleanups: (() => unknown)[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  wire = createWire(createRandom(1), 0);
  signer = new Station(1, wire);
  cleanups = [() => signer.remove()];
});
afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  vi.useRealTimers();
});

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Messages of the true vault, in order: its chain goes on over them. */
function makeVault() {
  let chain = createLineChain(0);
  return (
    body: Uint8Array,
    { signature, charter = CHARTER }: { signature?: Uint8Array; charter?: Uint8Array } = {},
  ) => {
    const draft = draftMessage(chain, {
      type: 'FREEZE',
      charter,
      session: 1,
      request: null,
      body,
      salt: new Uint8Array(16),
      time: 0,
      uptime: 0,
    });
    const message: Message = { ...draft, signature: signature ?? KEYS[0].sign(messageHash(draft.header)) };
    if (signature === undefined && charter === CHARTER) chain = recordSent(chain, message);
    return message;
  };
}

/** One connection of the impostor: says `items` in a single send, gives what the signer sent back. */
async function impostor(items: Uint8Array[], hint: Head | Uint8Array = START): Promise<Uint8Array> {
  let heard: Uint8Array = new Uint8Array(0);
  const resume = hint instanceof Uint8Array ? hint : encode(Resume, hint);
  const port = wire.plug(0);
  const link = attachLink(port, {
    role: 'initiator',
    baud: 0,
    nextNonce,
    resume: () => resume,
    // Once: it dials again by itself.
    onUp: () => link.send(concatBytes(...items.splice(0))),
    onDown: () => undefined,
    onBytes: (bytes) => {
      heard = concatBytes(heard, bytes);
    },
    onRoom: () => undefined,
    onEnd: () => undefined,
  });
  await wait(1_500);
  port.cut();
  await link.stop();
  return heard;
}

const item = (message: Message): Uint8Array =>
  message.body.length <= INLINE_BODY_MAX
    ? encodeItem({ kind: 'inline', ...message })
    : encodeItem({ kind: 'detached', ...message });
const body = (place: number, size = 8) => new Uint8Array(size).fill(place);

describe('an impostor on the line', () => {
  it('offers an old message as new: REPLAY, dropped, and the connection stays', async () => {
    const vault = makeVault();
    const [one, two, three] = [vault(body(1)), vault(body(2)), vault(body(3))];
    await impostor([item(one), item(two), item(one), item(two), item(three)]);
    expect(signer.alarms).toEqual(['REPLAY']);
    expect(signer.taken).toEqual([body(1), body(2), body(3)]);
    expect(signer.events.filter((event) => event.startsWith('down'))).not.toContain('down REPLAY');
  });

  it('announces an old long message again: not a byte of its body is asked for', async () => {
    const vault = makeVault();
    const long = vault(body(1, 20_000));
    const heard = await impostor([item(long)]);
    expect(heard.length).toBe(4 + 1 + 1 + 34 + 1 + 3);
    expect(signer.taken).toEqual([]);
    await impostor([item({ ...long, signature: new Uint8Array(64) })]);
    expect(signer.alarms).toEqual(['BAD_SIGNATURE']);
  });

  it.each([
    ['a signature by nobody', 'BAD_SIGNATURE'],
    ['a message of another charter', 'WRONG_CHARTER'],
    ['a gap', 'BAD_CHAIN'],
    ['another body', 'BODY_HASH'],
    ['a message back to its sender', 'WRONG_PEER'],
    ['bytes that are no item', 'UNKNOWN_TYPE'],
  ])('sends %s: %s, and nothing behind it on this connection is taken', async (what, code) => {
    // The first message brings the bad one and the good one to their ends within one frame of the link.
    for (let size = 8; ; size++) {
      const vault = makeVault();
      const first = vault(body(1, size));
      const stale = vault(body(9), { charter: new Uint8Array(32) });
      const good = vault(body(2));
      const made: Partial<Record<string, () => Uint8Array>> = {
        BAD_SIGNATURE: () => item({ ...good, signature: new Uint8Array(64) }),
        WRONG_CHARTER: () => item(stale),
        BAD_CHAIN: () => item(vault(body(3))),
        BODY_HASH: () => item({ ...good, body: concatBytes(new Uint8Array(16), body(7)) }),
        WRONG_PEER: () => item(reflect()),
        UNKNOWN_TYPE: () => Uint8Array.of(0, 0, 0, 2, 0x81, 0x09),
      };
      const bad = made[code]?.();
      if (bad === undefined) throw new Error(`nothing is sent for ${code}`);
      const end = item(first).length + bad.length;
      if (end % MAX_PAYLOAD !== 10) continue;
      expect(item(good).length).toBeLessThan(MAX_PAYLOAD - 10);
      await impostor([item(first), bad, item(good)]);
      expect(signer.alarms, what).toEqual([code]);
      expect(signer.events).toContain(`down ${code}`);
      expect(signer.taken).toEqual([body(1, size)]);
      await impostor([item(good)], START);
      expect(signer.taken).toEqual([body(1, size), body(2)]);
      expect(signer.alarms).toEqual([code]);
      return;
    }
  });

  it('holds the vault key of a restored copy: the second message of one number is FORK', async () => {
    const [left, right] = [makeVault(), makeVault()];
    await impostor([item(left(body(1)))]);
    await impostor([item(right(body(2)))], START);
    expect(signer.alarms).toEqual(['FORK']);
    expect(signer.taken).toEqual([body(1)]);
  });

  it.each([
    ['names a message that was never sent', { seq: 9, hash: body(9, 32) }, 'STATE_ROLLBACK'],
    ['names another hash', { seq: 1, hash: body(9, 32) }, 'CLONE'],
    ['is no hint', Uint8Array.of(0xa0), 'MALFORMED'],
  ])('whose hello %s gets nothing', async (_, hint, code) => {
    signer.say(body(5));
    expect((await impostor([], hint)).length).toBe(0);
    expect(new Set(signer.alarms)).toEqual(new Set([code]));
    expect(signer.channel?.up).toBe(false);
  });

  it('has the vault key and acknowledges what was never said: STATE_ROLLBACK, since that is what it would mean', async () => {
    const { header, body: plain } = draftMessage(
      { ...createLineChain(0), theirs: { seq: 3, hash: body(3, 32) } },
      {
        type: 'FREEZE',
        charter: CHARTER,
        session: 1,
        request: null,
        body: body(1),
        salt: body(0, 16),
        time: 0,
        uptime: 0,
      },
    );
    const signature = KEYS[0].sign(messageHash(header));
    await impostor([item({ header, body: plain, signature })]);
    expect(signer.alarms).toEqual(['STATE_ROLLBACK']);
    expect(signer.events).toContain('down BAD_RECEIPT');
    expect(signer.taken).toEqual([]);
  });

  it('connects again and again without a key and acknowledges nothing: it is greeted, but not for ever', () => {
    for (let said = 0; said < 300; said++) if (signer.channel?.greets === true) signer.say(body(5));
    expect(signer.channel?.outstanding).toBe(GREETINGS_MAX);
    signer.kill();
    signer.start();
    expect(signer.channel?.greets).toBe(true);
    signer.say(body(5));
    expect(signer.channel?.greets).toBe(false);
  });

  it('says that all was taken, which it was not: the true vault refuses the gap and gets everything after that', async () => {
    signer.say(body(5));
    signer.say(body(6));
    const last = signer.messages.at(-1);
    const lie = { seq: 2, hash: messageHash(last?.header ?? new Uint8Array(0)) };
    expect((await impostor([], lie)).length).toBe(0);
    const vault = new Station(0, wire);
    cleanups.push(() => vault.remove());
    await wait(2_000);
    expect(vault.taken).toEqual([body(5), body(6)]);
  });
});

/** The signer's own first message. */
function reflect(): Message {
  const draft = draftMessage(createLineChain(1), {
    type: 'NOTICE',
    charter: CHARTER,
    session: 1,
    request: null,
    body: body(3),
    salt: new Uint8Array(16),
    time: 0,
    uptime: 0,
  });
  expect(hashBody(draft.body).length).toBe(32);
  return { ...draft, signature: KEYS[1].sign(messageHash(draft.header)) };
}
