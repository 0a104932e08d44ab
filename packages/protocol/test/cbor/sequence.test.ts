import { describe, expect, test } from 'vitest';
import { readSequence, readSequenceItem } from '../../src/cbor/index.ts';
import { fromHex, toHex } from './read-vectors.ts';

const items = ['00', '820102', 'a1004161', '66c3a9c3a9c3a9'];
const log = fromHex(items.join(''));
const ends = items.map((_, index) => items.slice(0, index + 1).join('').length / 2);

describe('a CBOR sequence', () => {
  test('gives its items in order, then its end', () => {
    const steps = [...readSequence(log)];
    expect(steps.pop()).toEqual({ kind: 'end' });
    expect(steps.map((step) => (step.kind === 'item' ? toHex(step.bytes) : step.kind))).toEqual(items);
    expect(steps.map((step) => (step.kind === 'item' ? step.next : -1))).toEqual(ends);
  });

  test('of no bytes is at its end', () => {
    expect([...readSequence(new Uint8Array())]).toEqual([{ kind: 'end' }]);
  });

  test('can be read from any boundary', () => {
    expect([...readSequence(log, ends[1])]).toHaveLength(3);
  });

  test('cut at any byte gives the whole items and then the truncated tail, never a fault', () => {
    for (let length = 0; length < log.length; length += 1) {
      const steps = [...readSequence(log.subarray(0, length))];
      const whole = ends.filter((end) => end <= length);
      const start = whole.at(-1) ?? 0;
      expect(steps.pop()).toEqual(start === length ? { kind: 'end' } : { kind: 'truncated', at: start });
      expect(steps.map((step) => (step.kind === 'item' ? step.next : -1))).toEqual(whole);
    }
  });

  test('stops for good at a damaged item and says where', () => {
    expect([...readSequence(fromHex('00 8101 1801 00'.replaceAll(' ', '')))].slice(2)).toEqual([
      { kind: 'fault', code: 'NONCANONICAL', at: 3, detail: 'a head longer than its argument needs' },
    ]);
  });

  test('does not take a claim above the limit of one item for a tail that was never finished', () => {
    expect(readSequenceItem(fromHex('5901000000'), 0)).toEqual({ kind: 'truncated', at: 0 });
    expect(readSequenceItem(fromHex('5901000000'), 0, { maxBytes: 258 })).toMatchObject({
      code: 'TOO_LARGE',
      at: 0,
    });
    expect(readSequenceItem(fromHex('5affffffff00'), 0)).toMatchObject({ code: 'TOO_LARGE', at: 0 });
  });

  test('refuses an item above the limit also where the input ends inside of it', () => {
    expect(readSequenceItem(fromHex('82190100'), 0, { maxBytes: 5 })).toEqual({ kind: 'truncated', at: 0 });
    expect(readSequenceItem(fromHex('82190100'), 0, { maxBytes: 4 })).toMatchObject({
      code: 'TOO_LARGE',
      at: 0,
    });
  });
});
