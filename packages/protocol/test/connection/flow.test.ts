import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { SEND_BUFFER } from '../../src/connection/flow.ts';
import {
  countLink,
  createLink,
  type LinkEvent,
  type LinkState,
  sendable,
  stepLink,
} from '../../src/connection/link.ts';
import { encodeFrame, type Frame, FrameDecoder, MAX_FRAME, MAX_PAYLOAD } from '../../src/frame/index.ts';
import { CLEAN, type End, feed, Line, patternBytes } from './line.ts';

function connected(options: { window?: number; baud?: number; delay?: number } = {}): Line {
  const line = new Line({ seed: 4, ...options });
  line.openBoth();
  line.run(10_000, () => line.ends.responder.ups.length > 0);
  return line;
}

function countData(pieces: readonly Uint8Array[]): number {
  const decoder = new FrameDecoder();
  return pieces.flatMap((piece) => decoder.push(piece)).filter((frame) => frame.type === 'DATA').length;
}

/** Bytes a second of payload, one way or both, over `length` bytes. */
function measure(line: Line, length: number, both: boolean): number {
  const { initiator, responder } = line.ends;
  const ways = [{ from: initiator, to: responder }, ...(both ? [{ from: responder, to: initiator }] : [])];
  // Without zeros, which COBS would shorten: the worst case.
  const feeds = ways.map(({ from }) =>
    feed(
      line,
      from,
      patternBytes(length, 1).map((byte) => byte || 1),
    ),
  );
  const began = line.now;
  line.run(Number.MAX_SAFE_INTEGER, () => {
    for (const step of feeds) step();
    return ways.every(({ to }) => to.delivered === length);
  });
  return (length / (line.now - began)) * 1000;
}

describe('the window', () => {
  it.each([1, 2, 5, 8])('of %i frames is never exceeded, whatever is lost', (window) => {
    const line = connected({ window });
    line.damage = { ...CLEAN, loss: 0.2 };
    const { initiator, responder } = line.ends;
    const step = feed(line, initiator, patternBytes(30_000, 1));
    let most = 0;
    const done = line.run(3_600_000, () => {
      step();
      const phase = initiator.link.phase;
      if (phase.kind === 'up') most = Math.max(most, phase.live.flow.sent.length);
      return responder.delivered === 30_000;
    });
    expect(done).toBe(true);
    expect(most).toBe(window);
  });

  it('lets exactly its frames out when nothing comes back, and holds the rest in a bounded buffer', () => {
    const line = connected({ window: 5 });
    line.damage = { ...CLEAN, loss: 1 };
    const seen: Uint8Array[] = [];
    line.tap = (_, bytes) => {
      seen.push(bytes);
      return [];
    };
    const { initiator } = line.ends;
    line.send(initiator, patternBytes(SEND_BUFFER, 1));
    expect(countData(seen)).toBe(5);
    expect(sendable(initiator.link)).toBe(5 * MAX_PAYLOAD);
    expect(() => line.send(initiator, patternBytes(5 * MAX_PAYLOAD + 1, 1))).toThrow(/room for 2560/);
  });

  it('goes on across the wrap of the 16-bit numbers', { timeout: 30_000 }, () => {
    const line = connected({ delay: 0.01 });
    const { initiator, responder } = line.ends;
    const one = Uint8Array.of(1);
    let sent = 0;
    line.damage = { ...CLEAN, loss: 0.001 };
    const done = line.run(Number.MAX_SAFE_INTEGER, () => {
      while (sent - responder.delivered < 8 && sent < 70_000) {
        line.send(initiator, one);
        sent += 1;
      }
      return responder.delivered === 70_000;
    });
    expect(done).toBe(true);
    expect(initiator.downs).toEqual([]);
  });
});

describe('the speed', () => {
  it('of a 115,200-baud line is 11,045 bytes of messages a second, 4.3 % less than its raw bytes', () => {
    const line = connected({ baud: 115_200, delay: 0.1 });
    const written = line.ends.initiator.written;
    expect(measure(line, 512_000, false)).toBeGreaterThan(11_040);
    expect((line.ends.initiator.written - written) / 512_000).toBeLessThanOrEqual(1.043);
  });

  it.each([9_600, 57_600, 115_200, 1_000_000])(
    'of %i baud is used to 94 %% both ways, and nothing is sent twice',
    (baud) => {
      const line = connected({ baud, delay: 0.1 });
      expect(measure(line, 100_000, true)).toBeGreaterThan((baud / 10) * 0.94);
      expect(countLink(line.ends.initiator.link).resent + countLink(line.ends.responder.link).resent).toBe(0);
    },
  );

  it('is kept with an adapter that holds bytes back for 20 ms', () => {
    const line = connected({ baud: 115_200, delay: 20 });
    expect(measure(line, 200_000, true)).toBeGreaterThan(10_950);
    expect(countLink(line.ends.initiator.link).resent).toBe(0);
  });

  it.each([
    [0.01, 9_000],
    [0.1, 4_000],
  ])('at a loss of %d of all frames stays above %i bytes a second', (loss, least) => {
    const line = connected({ baud: 115_200, delay: 5 });
    line.damage = { ...CLEAN, loss };
    expect(measure(line, 200_000, true)).toBeGreaterThan(least);
  });

  it('recovers one lost frame within a round trip when more frames follow', () => {
    const line = connected({ delay: 10 });
    let lost = 0;
    line.tap = (from, bytes) => (from.name === 'initiator' && lost++ === 0 ? [] : [bytes]);
    const began = line.now;
    line.send(line.ends.initiator, patternBytes(2_000, 1));
    line.run(began + 5_000, () => line.ends.responder.delivered === 2_000);
    expect(line.now - began).toBeLessThan(40);
  });
});

describe('a hostile or mad peer', () => {
  const connection = (end: End) => end.ups.at(-1)?.connection ?? 0;
  const frame = (line: Line, fields: Partial<Frame>): Uint8Array =>
    encodeFrame({
      from: 'initiator',
      type: 'ACK',
      connection: connection(line.ends.responder),
      seq: 0,
      ack: 0,
      payload: new Uint8Array(0),
      ...fields,
    });

  it('that acknowledges what was never sent changes nothing', () => {
    const line = connected();
    line.damage = { ...CLEAN, loss: 1 };
    line.send(line.ends.responder, patternBytes(1_000, 1));
    for (const ack of [3, 9, 100, 0x7fff, 0x8000, 0xffff])
      line.inject(line.ends.responder, frame(line, { ack }));
    const { phase } = line.ends.responder.link;
    expect(phase.kind === 'up' && phase.live.flow.base === 0 && phase.live.flow.sent.length === 2).toBe(true);
    expect(countLink(line.ends.responder.link).strays).toBe(6);
  });

  it('that sends a frame again gets one ACK for all of one read, no NAK and no second delivery', () => {
    const line = connected();
    const { responder } = line.ends;
    const decoder = new FrameDecoder();
    const answers: Frame[] = [];
    line.tap = (_, bytes) => {
      answers.push(...decoder.push(bytes));
      return [];
    };
    const data = frame(line, { type: 'DATA', payload: Uint8Array.of(1) });
    line.inject(responder, data);
    line.inject(responder, new Uint8Array([...data, ...data, ...data]));
    expect(answers.map(({ type, ack }) => [type, ack])).toEqual([['ACK', 1]]);
    expect(responder.delivered).toBe(1);
  });

  it('that sends DATA out of order gets one NAK a round and no delivery', () => {
    const line = connected();
    const before = line.ends.responder.written;
    const data = (seq: number) => frame(line, { type: 'DATA', seq, payload: Uint8Array.of(1) });
    for (const seq of [1, 2, 3, 4, 5, 6, 7]) line.inject(line.ends.responder, data(seq));
    expect(line.ends.responder.delivered).toBe(0);
    expect(line.ends.responder.written - before).toBeLessThan(30);
  });

  it('that floods with NAKs, hellos, keep-alives and unknown frames gets at most a window for each NAK, and ends nothing', () => {
    const line = connected();
    const { responder } = line.ends;
    line.tap = () => [];
    line.send(responder, patternBytes(4_096, 1));
    const before = responder.written;
    let flood = 0;
    for (let round = 0; round < 5_000; round++) {
      const nonce = patternBytes(16, round);
      const syn = {
        type: 'SYN',
        connection: 0,
        payload: new Uint8Array([...nonce, 8, ...new Uint8Array(64)]),
      } as const;
      for (const bytes of [
        frame(line, { type: 'NAK', ack: 0 }),
        frame(line, { type: 'KEEPALIVE' }),
        frame(line, { connection: round }),
        frame(line, syn),
      ]) {
        line.now += bytes.length / 11.52;
        flood += bytes.length;
        line.inject(responder, bytes);
      }
    }
    expect(responder.downs).toEqual([]);
    expect(responder.written - before).toBeLessThan(5_000 * 8 * MAX_FRAME + flood);
  });

  it('never makes a machine throw, loop or grow, whatever bytes and events come', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc
        .record({
          from: fc.constantFrom<Frame['from']>('initiator', 'responder'),
          type: fc.constantFrom<Frame['type']>(
            'DATA',
            'ACK',
            'NAK',
            'KEEPALIVE',
            'RESET',
            'ACK3',
            'SYN',
            'SYN_ACK',
            'LOCKED',
          ),
          live: fc.boolean(),
          number: fc.nat(0xffff),
          payload: fc.uint8Array({ minLength: 97, maxLength: 97 }),
        })
        .map((fields) => fields),
    );
    const events = fc.array(fc.tuple(bytes, fc.nat(3_000), fc.nat(9)), { maxLength: 60 });
    fc.assert(
      fc.property(events, fc.boolean(), (list, initiator) => {
        const link = createLink({ role: initiator ? 'initiator' : 'responder' });
        let now = 0;
        run(link, { kind: 'open', nonce: patternBytes(16, 1), resume: new Uint8Array(0), now });
        for (const [input, wait, what] of list) {
          now += wait;
          const line = input instanceof Uint8Array ? input : forge(link, input);
          run(link, { kind: 'bytes', bytes: line, now });
          if (what === 0) run(link, { kind: 'timer', now });
          if (what === 1)
            run(link, { kind: 'send', bytes: patternBytes(Math.min(600, sendable(link)), 2), now });
          if (what === 2) run(link, { kind: 'lock', on: wait % 2 === 0, now });
          if (what === 3) run(link, { kind: 'close', reason: 'test', now });
        }
      }),
      { numRuns: inForm(150, 3_000) },
    );
  });
});

/** One step, whose answer must stay within what a window and a hello take. */
function run(link: LinkState, event: LinkEvent): void {
  const { actions } = stepLink(link, event);
  const written = actions.reduce(
    (sum, action) => sum + (action.kind === 'write' ? action.bytes.length : 0),
    0,
  );
  expect(written).toBeLessThanOrEqual(12 * MAX_FRAME);
  if (link.phase.kind !== 'up') return;
  expect(link.phase.live.flow.sent.length).toBeLessThanOrEqual(8);
  expect(link.phase.live.flow.unsentLength).toBeLessThanOrEqual(SEND_BUFFER);
}

type Forged = {
  from: Frame['from'];
  type: Frame['type'];
  live: boolean;
  number: number;
  payload: Uint8Array;
};

/** A sound frame of any type, with the machine's own connection number when `live` and there is one. */
function forge(link: LinkState, { from, type, live, number, payload }: Forged): Uint8Array {
  const { phase, pending } = link;
  const known = phase.kind === 'up' ? phase.live.connection : (pending?.connection ?? 0);
  const hello = type === 'SYN' || type === 'LOCKED';
  const sizes: { [of in Frame['type']]?: number } = { SYN: 40, SYN_ACK: 97, LOCKED: 16, DATA: 97 };
  const body = payload.slice(0, sizes[type] ?? 0);
  if (type === 'SYN') body[16] = 1 + (number % 8);
  const side =
    type === 'SYN' || type === 'ACK3'
      ? 'initiator'
      : type === 'SYN_ACK' || type === 'LOCKED'
        ? 'responder'
        : from;
  const acks = type === 'DATA' || type === 'ACK' || type === 'NAK' || type === 'KEEPALIVE';
  return encodeFrame({
    from: side,
    type,
    connection: hello ? 0 : live ? known : number,
    seq: type === 'DATA' ? number % 12 : 0,
    ack: acks ? number % 12 : 0,
    payload: body,
  });
}
