import { describe, expect, it } from 'vitest';
import { ORDERING } from '../../src/charter/ordering.ts';
import { compareCharters } from '../../src/index.ts';
import { seeded } from '../world.ts';
import { before, listMoves, moves, policy } from './moves.ts';

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

  it.each(listMoves)('takes lists by what they keep back: %s', (_what, old, now, change) => {
    expect(compareCharters(old, now).change).toBe(change);
  });

  it('takes a place in the chain for neither', () => {
    const hash = seeded('charter');
    const after = { ...before, epoch: 7, first: hash, previous: seeded('another') };
    const fields = ['epoch', 'first', 'previous'].map((field) => ({ field, change: 'free' }));
    expect(compareCharters(before, after)).toEqual({ change: 'tightening', fields });
    expect(compareCharters(after, { ...after, first: seeded('x') }).fields).toEqual([fields[1]]);
    expect(compareCharters(after, { ...after, previous: seeded('x') }).fields).toEqual([fields[2]]);
  });

  it('is the same for the same charter, and another order of the same members loosens nothing', () => {
    expect(compareCharters(before, { ...before })).toEqual({ change: 'same', fields: [] });
    const after = { ...before, screens: before.screens.toReversed() };
    expect(compareCharters(before, after).change).toBe('tightening');
  });
});
