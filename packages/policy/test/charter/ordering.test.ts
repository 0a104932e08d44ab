import { describe, expect, it } from 'vitest';
import { ORDERING } from '../../src/charter/ordering.ts';
import { compareCharters } from '../../src/index.ts';
import { before, moves, policy, tierMoves } from './moves.ts';

describe('the ordering of charters', () => {
  it.each(Object.entries(moves))('knows which way %s moves', (field, [tightening, loosening]) => {
    for (const [after, change] of [
      [tightening, 'tightening'],
      [loosening, 'loosening'],
    ] as const) {
      if (after !== null)
        expect(compareCharters(before, after)).toEqual({ change, fields: [{ field, change }] });
    }
  });

  it('has a row for every field of the charter, policy and clock, and a test for every row that limits', () => {
    const fields = Object.keys(before).flatMap((name) => {
      if (name === 'policy') return Object.keys(before.policy).map((key) => `policy.${key}`);
      if (name === 'requesters') return [name, 'requesters.people'];
      return name === 'clock' ? Object.keys(before.clock).map((key) => `clock.${key}`) : [name];
    });
    expect(ORDERING.map(({ field }) => field)).toEqual(fields);
    const free = ['version', 'epoch', 'first', 'previous'];
    expect(Object.keys(moves)).toEqual(fields.filter((field) => !free.includes(field)));
  });

  it('is loosening as soon as one field is, and names them all', () => {
    const after = { ...policy({ maxInputs: 1, feeRate: 1_000_000 }), epoch: 1 };
    expect(compareCharters(before, after)).toEqual({
      change: 'loosening',
      fields: [
        { field: 'epoch', change: 'free' },
        { field: 'policy.maxInputs', change: 'tightening' },
        { field: 'policy.feeRate', change: 'loosening' },
      ],
    });
  });

  it.each(tierMoves)('takes tiers by what each amount needs: %s', (_what, old, now, change) => {
    expect(compareCharters(policy({ tiers: old }), policy({ tiers: now })).change).toBe(change);
  });

  it('is the same for the same charter, and another order of the same members loosens nothing', () => {
    expect(compareCharters(before, { ...before })).toEqual({ change: 'same', fields: [] });
    const after = { ...before, screens: before.screens.toReversed() };
    expect(compareCharters(before, after).change).toBe('tightening');
  });
});
