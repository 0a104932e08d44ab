import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { concatBytes, equalBytes } from '../../src/bytes.ts';
import {
  cobsBound,
  encodeFrame,
  type Frame,
  FrameDecoder,
  MAX_ENCODED,
  MAX_FRAME,
  MAX_PAYLOAD,
  parseFrame,
  putCobs,
  takeCobs,
} from '../../src/frame/index.ts';
import { patternBytes, seededRandom } from '../connection/line.ts';

const data = fc.record({
  from: fc.constantFrom('initiator' as const, 'responder' as const),
  type: fc.constant('DATA' as const),
  connection: fc.nat(0xffffffff),
  seq: fc.nat(0xffff),
  ack: fc.nat(0xffff),
  payload: fc.uint8Array({ minLength: 1, maxLength: MAX_PAYLOAD }),
});

function dataFrame(seq: number, payload: Uint8Array): Frame {
  return { from: 'initiator', type: 'DATA', connection: 0x01020304, seq, ack: 0, payload };
}

describe('COBS', () => {
  it('brings back any bytes, without a zero and within its bound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(3), (source, sparse) => {
        const plain = source.map((byte) => (byte % 4 < sparse ? byte | 1 : byte));
        const line = new Uint8Array(cobsBound(plain.length));
        const end = putCobs(plain, line, 0);
        expect(line.subarray(0, end).includes(0)).toBe(false);
        expect(takeCobs(line, 0, end)).toEqual(plain);
      }),
    );
  });

  it.each([0, 1, 253, 254, 255, 507, 508, 509, 524])(
    'brings back %i bytes at the edges of its blocks',
    (length) => {
      for (const byte of [0, 1, 0xff]) {
        const plain = new Uint8Array(length).fill(byte);
        const line = new Uint8Array(cobsBound(length));
        expect(takeCobs(line, 0, putCobs(plain, line, 0))).toEqual(plain);
      }
    },
  );

  it('takes only the shortest of all encodings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600, min: 1 }), (encoded) => {
        const plain = takeCobs(encoded, 0, encoded.length);
        if (plain === undefined) return;
        const line = new Uint8Array(cobsBound(plain.length));
        expect(line.subarray(0, putCobs(plain, line, 0))).toEqual(encoded);
      }),
    );
  });
});

describe('a frame', () => {
  it('comes back as it was, however the line cuts it', () => {
    fc.assert(
      fc.property(
        fc.array(data, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 300 })),
        (frames, cuts) => {
          const line = concatBytes(...frames.map(encodeFrame));
          const decoder = new FrameDecoder();
          const seen: Frame[] = [];
          let at = 0;
          for (const cut of [...cuts, line.length]) {
            seen.push(...decoder.push(line.subarray(at, at + cut)));
            at += cut;
          }
          expect(seen).toEqual(frames);
        },
      ),
    );
  });

  it('takes at most 22 bytes more than its payload', () => {
    expect(MAX_FRAME).toBe(MAX_PAYLOAD + 22);
    expect(encodeFrame(dataFrame(0x0101, new Uint8Array(MAX_PAYLOAD).fill(1))).length).toBeLessThanOrEqual(
      MAX_FRAME,
    );
  });

  it.each([
    ['an empty DATA', { payload: new Uint8Array(0) }],
    ['a long DATA', { payload: new Uint8Array(513) }],
    ['a large seq', { seq: 0x10000 }],
    ['a fractional ack', { ack: 0.5 }],
    ['a negative connection', { connection: -1 }],
    ['an ACK with a seq', { type: 'ACK' as const, seq: 1, payload: new Uint8Array(0) }],
  ])('is not made from %s', (_, change) => {
    expect(() => encodeFrame({ ...dataFrame(0, Uint8Array.of(1)), ...change })).toThrow(/frame of type/);
  });
});

describe('a decoder on a damaged line', () => {
  it('never throws, holds a bounded buffer and accepts nothing that does not encode back to its bytes', () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.uint8Array({ maxLength: 2000, max: 2 }));
    fc.assert(
      fc.property(any, (bytes) => {
        const result = parseFrame(bytes);
        if (result.ok) expect(encodeFrame(result.value).subarray(1, -1)).toEqual(bytes);
        new FrameDecoder().push(bytes);
      }),
      { numRuns: inForm(500, 10_000) },
    );
  });

  it('refuses every frame with one to five flipped bits', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 20_000; round++) {
      const good = encodeFrame(dataFrame(round & 0xffff, patternBytes(1 + Math.floor(random() * 60), round)));
      const bad = good.slice(1, -1);
      const flips = 1 + (round % 5);
      for (let flip = 0; flip < flips; flip++) {
        const at = Math.floor(random() * bad.length);
        bad[at] = (bad[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      }
      if (!equalBytes(bad, good.subarray(1, -1))) expect(new FrameDecoder().push(frameOf(bad))).toEqual([]);
    }
  });

  it('refuses every single flip, drop and insert in one frame, and takes the next frame', () => {
    const good = encodeFrame(dataFrame(1, patternBytes(64, 1)));
    const next = dataFrame(2, patternBytes(10, 2));
    for (let at = 1; at < good.length - 1; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = good.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(decode(flipped, encodeFrame(next))).toEqual([next]);
      }
      expect(decode(good.subarray(0, at), good.subarray(at + 1), encodeFrame(next))).toEqual([next]);
      for (const inserted of [0, 1, 0x80, 0xff]) {
        const parts = [good.subarray(0, at), Uint8Array.of(inserted), good.subarray(at), encodeFrame(next)];
        // A delimiter beside a delimiter changes nothing, and so does a byte equal to its neighbour.
        const same = inserted === 0 && at === 1;
        if (!same) expect(decode(...parts)).toEqual([next]);
      }
    }
  });

  it('accepts 0 of 2000 frames inside of a payload after one byte is lost', () => {
    const random = seededRandom(9);
    let accepted = 0;
    for (let round = 0; round < 2000; round++) {
      const inner = encodeFrame({ ...dataFrame(7, patternBytes(40, round)), connection: 0x0badf00d });
      const lead = patternBytes(Math.floor(random() * 100), round);
      const outer = encodeFrame(dataFrame(round & 0xffff, concatBytes(lead, inner, lead)));
      const at = Math.floor(random() * outer.length);
      for (const frame of decode(outer.subarray(0, at), outer.subarray(at + 1))) {
        if (frame.connection === 0x0badf00d) accepted += 1;
      }
    }
    expect(accepted).toBe(0);
  });

  it('loses one frame to a half one, and none to garbage between frames', () => {
    const first = dataFrame(1, patternBytes(100, 1));
    const second = dataFrame(2, patternBytes(100, 2));
    expect(decode(encodeFrame(first).subarray(0, 50), encodeFrame(second))).toEqual([second]);
    expect(decode(encodeFrame(first), patternBytes(5000, 3), encodeFrame(second))).toEqual([first, second]);
    expect(decode(new Uint8Array(3000), encodeFrame(second), new Uint8Array(3000))).toEqual([second]);
  });

  it('takes the next frame after a megabyte of noise, in bounded time', () => {
    const decoder = new FrameDecoder();
    const began = performance.now();
    for (let block = 0; block < 64; block++) expect(decoder.push(patternBytes(16_384, block))).toEqual([]);
    expect(decoder.push(new Uint8Array(1_000_000).fill(0x55))).toEqual([]);
    const next = dataFrame(3, patternBytes(512, 4));
    expect(decoder.push(encodeFrame(next))).toEqual([next]);
    expect(performance.now() - began).toBeLessThan(30_000);
    const { TOO_LARGE, FRAME_CRC, MALFORMED } = decoder.faults;
    expect(Math.min(TOO_LARGE, FRAME_CRC, MALFORMED)).toBeGreaterThan(0);
  });

  it('takes a frame that fills its buffer, and not one byte more', () => {
    const longest = encodeFrame({
      ...dataFrame(0x0101, new Uint8Array(MAX_PAYLOAD).fill(0xff)),
      connection: 0xffffffff,
      ack: 0x0101,
    });
    expect(longest.length).toBe(MAX_ENCODED + 2);
    expect(decode(longest)).toHaveLength(1);
    expect(decode(longest.subarray(0, -1), Uint8Array.of(0x80, 0))).toEqual([]);
  });
});

function frameOf(inner: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0), inner, Uint8Array.of(0));
}

function decode(...pieces: Uint8Array[]): Frame[] {
  const decoder = new FrameDecoder();
  return pieces.flatMap((piece) => decoder.push(piece));
}
