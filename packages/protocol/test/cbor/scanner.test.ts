import { describe, expect, test } from 'vitest';
import { type Limits, scan, scanItem } from '../../src/cbor/index.ts';
import { fromHex } from './read-vectors.ts';

const judge = (hex: string, limits?: Limits) => scan(fromHex(hex.replaceAll(' ', '')), limits);

describe('a fault names its place', () => {
  test.each([
    ['00 00', 'MALFORMED', 1, '1 bytes after the item'],
    ['', 'MALFORMED', 0, 'the input ends where an item is due'],
    ['82 00 19 01', 'MALFORMED', 2, 'the input ends inside a head'],
    ['82 00 58 20 aa', 'MALFORMED', 2, 'a length beyond the end of the input'],
    ['82 82 00 00', 'MALFORMED', 1, 'a length beyond the end of the input'],
    ['82 00 fc', 'MALFORMED', 2, 'a reserved head'],
    ['82 00 1c', 'MALFORMED', 2, 'a reserved head'],
    ['82 00 7e', 'MALFORMED', 2, 'a reserved head'],
    ['82 00 ff', 'MALFORMED', 2, 'a break outside of an indefinite length'],
    ['82 00 f9', 'NONCANONICAL', 2, 'a float where this protocol has none'],
    ['82 00 fb', 'NONCANONICAL', 2, 'a float where this protocol has none'],
    ['82 00 18 01', 'NONCANONICAL', 2, 'a head longer than its argument needs'],
    ['82 00 9f ff', 'NONCANONICAL', 2, 'an indefinite length'],
    ['82 00 c1 00', 'NONCANONICAL', 2, 'a tag where this protocol has none'],
    ['82 00 20', 'NONCANONICAL', 2, 'a negative integer where this protocol has none'],
    [
      '82 00 f7',
      'NONCANONICAL',
      2,
      'a simple value other than false, true and null where this protocol has none',
    ],
    ['a2 01 f6 01 f6', 'NONCANONICAL', 3, 'a map key that is not above the one before it'],
    ['a2 01 f6 61 41 f6', 'NONCANONICAL', 3, 'a map key that is not an unsigned integer'],
    ['82 00 63 61 ff 61', 'MALFORMED', 4, 'a text that is not valid UTF-8'],
    ['82 00 63 ef bb bf', 'MALFORMED', 3, 'a text that begins with a byte order mark'],
    ['82 00 9b 00 00 00 01 00 00 00 00', 'TOO_LARGE', 2, 'a length that needs more than 16384 bytes in all'],
  ])('%s', (hex, code, at, detail) => {
    expect(judge(hex)).toEqual({ kind: 'fault', code, at, detail });
  });

  test('and is the first in the order of the bytes', () => {
    expect(judge('83 f7 1800 ff')?.at).toBe(1);
    expect(judge('a2 01 a2 05 00 04 00 00 00')?.at).toBe(5);
  });
});

describe('limits', () => {
  test('of bytes hold to the byte', () => {
    expect(judge('83 00 00 00', { maxBytes: 4 })).toBeUndefined();
    expect(judge('83 00 00 00', { maxBytes: 3 })).toMatchObject({ code: 'TOO_LARGE' });
    expect(scanItem(fromHex('8300000000'), 0, { maxBytes: 4 })).toEqual({ kind: 'item', end: 4 });
    expect(scanItem(fromHex('83190100'.padEnd(14, '0')), 0, { maxBytes: 5 })).toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  test('of bytes go before an end that comes too early', () => {
    expect(judge('83 00 00', { maxBytes: 4 })).toMatchObject({ code: 'MALFORMED' });
    expect(judge('82 00 19 01', { maxBytes: 5 })).toMatchObject({ code: 'MALFORMED', at: 2 });
    expect(judge('82 00 19 01', { maxBytes: 4 })).toMatchObject({ code: 'TOO_LARGE', at: 0 });
    expect(judge('82 82 00 00', { maxBytes: 4 })).toMatchObject({ code: 'TOO_LARGE', at: 1 });
    expect(judge('82 42 00 00', { maxBytes: 4 })).toMatchObject({ code: 'TOO_LARGE', at: 1 });
  });

  test('of depth count the container itself', () => {
    expect(judge('00', { maxDepth: 0 })).toBeUndefined();
    expect(judge('80', { maxDepth: 0 })).toMatchObject({ code: 'TOO_LARGE', at: 0 });
    expect(judge('82 80 81 00', { maxDepth: 2 })).toBeUndefined();
    expect(judge('82 80 81 80', { maxDepth: 2 })).toMatchObject({ code: 'TOO_LARGE', at: 3 });
    expect(judge('a1 00 a1 00 00', { maxDepth: 1 })).toMatchObject({ code: 'TOO_LARGE', at: 2 });
  });

  test('of items count containers, keys and values, and refuse at the claim', () => {
    expect(judge('82 00 a1 01 02', { maxItems: 5 })).toBeUndefined();
    expect(judge('82 00 a1 01 02', { maxItems: 4 })).toMatchObject({ code: 'TOO_LARGE', at: 2 });
    expect(judge('83 81 00 00 00', { maxItems: 5 })).toBeUndefined();
    expect(judge('83 81 00 00 00', { maxItems: 4 })).toMatchObject({ code: 'TOO_LARGE', at: 1 });
    expect(judge('82 00 00', { maxItems: 2 })).toMatchObject({ code: 'TOO_LARGE', at: 0 });
  });

  test('of items bound what a decoder would build from many small containers', () => {
    const maps = new Uint8Array(100_005).fill(0xa0);
    maps.set([0x9a, 0x00, 0x01, 0x86, 0xa0]);
    expect(scan(maps, { maxBytes: 200_000 })).toMatchObject({ code: 'TOO_LARGE', at: 0 });
    expect(scan(maps, { maxBytes: 200_000, maxItems: 200_000 })).toBeUndefined();
  });
});

/** Bytes of heap and of array buffers that a call leaves allocated or lets the collector find, at most. */
/** The least of some runs: the engine allocates for itself when it compiles. */
function measureAllocation(call: () => unknown): number {
  return Math.min(...[0, 1, 2, 3].map(() => measureOnce(call)));
}

function measureOnce(call: () => unknown): number {
  const before = process.memoryUsage();
  call();
  const after = process.memoryUsage();
  return after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
}

describe('hostile sizes are refused before anything is allocated for them', () => {
  const nestedClaims = Uint8Array.from(
    { length: 20_001 },
    (_, index) => [0x9a, 0x00, 0xff, 0xff, 0xff][index % 5] ?? 0,
  );
  const nestedSmallClaims = new Uint8Array(20_000).fill(0x97);
  const deep = new Uint8Array(200_000).fill(0x81);
  const deepMaps = Uint8Array.from({ length: 200_000 }, (_, index) => (index % 2 === 0 ? 0xa1 : 0x00));
  const wide = { maxBytes: 1_000_000 };

  test.each([
    ['20 kB of nested arrays that claim 16 million elements each', nestedClaims, wide, 'TOO_LARGE', 0],
    [
      'the same without any limit of size',
      nestedClaims,
      { maxBytes: Infinity, maxItems: Infinity },
      'MALFORMED',
      0,
    ],
    ['20 kB of nested arrays that claim 23 elements each', nestedSmallClaims, wide, 'TOO_LARGE', 8],
    ['200,000 nested arrays', deep, wide, 'TOO_LARGE', 8],
    ['100,000 nested maps', deepMaps, wide, 'TOO_LARGE', 16],
    ['200,000 bytes under the limit of a message', deep, undefined, 'TOO_LARGE', undefined],
  ])('%s', (_, bytes, limits, code, at) => {
    scan(bytes, limits); // warm: compilation allocates too
    let fault: ReturnType<typeof scan>;
    const allocated = measureAllocation(() => {
      fault = scan(bytes, limits);
    });
    expect(fault).toMatchObject(at === undefined ? { code } : { code, at });
    expect(allocated).toBeLessThan(100_000);
  });

  test('depth without a limit still does not recurse', () => {
    const closed = deep.slice();
    closed[closed.length - 1] = 0x80;
    expect(scan(closed, { maxBytes: 1e6, maxDepth: 1e6, maxItems: 1e6 })).toBeUndefined();
  });
});
