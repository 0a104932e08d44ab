/** What a gate takes for loosening, field by field: the same table as policy's own tests, judged by the gate's own code. */
import type { Charter } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import { before, listMoves, moves, policy } from '../../policy/test/charter/moves.ts';
import { seeded } from '../../policy/test/world.ts';
import { loosens } from '../src/core/ordering.ts';

describe('A later charter', () => {
  test.each(Object.entries(moves))(
    'that changes %s loosens as the table says',
    (_field, [tightening, loosening]) => {
      if (tightening !== null) expect(loosens(before, tightening)).toBe(false);
      if (loosening !== null) expect(loosens(before, loosening)).toBe(true);
    },
  );

  test('loosens nothing when it is the same, or only its place in the chain is another', () => {
    expect(loosens(before, { ...before })).toBe(false);
    const hash = seeded('charter');
    expect(loosens(before, { ...before, epoch: 7, first: hash, previous: hash })).toBe(false);
  });

  test('loosens as soon as one field does, whatever else is tightened', () => {
    expect(loosens(before, policy({ maxInputs: 1, feeRate: 1_000_000 }))).toBe(true);
    expect(loosens(before, { ...policy({ maxInputs: 1 }), quorum: 1 })).toBe(true);
  });

  test.each(listMoves)('takes lists by what they keep back: %s', (_what, old, now, change) => {
    expect(loosens(old, now)).toBe(change === 'loosening');
  });

  test('may name more people with one requester, whoever is named with another', () => {
    const named = (shop: readonly string[], desk: readonly string[]): Charter => ({
      ...before,
      requesters: before.requesters.map((row) => ({ ...row, people: row.name === 'shop' ? shop : desk })),
    });
    const old = named(['eve'], ['fay']);
    expect(loosens(old, named(['eve', 'gus'], ['fay']))).toBe(false);
    expect(loosens(old, named(['fay'], ['eve']))).toBe(true);
  });

  test.each([
    ['any', ['any', 'registered', 'listed']],
    ['registered', ['registered', 'listed']],
    ['listed', ['listed']],
  ] as const)('may go from %s destinations to stricter ones only', (old, stricter) => {
    const all: readonly Charter['policy']['destinations'][] = ['any', 'registered', 'listed'];
    const tightening = all.filter(
      (now) => !loosens(policy({ destinations: old }), policy({ destinations: now })),
    );
    expect(tightening).toEqual(stricter);
  });
});
