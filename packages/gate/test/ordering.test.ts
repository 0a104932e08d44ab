/** What a gate takes for loosening, field by field: the same table as policy's own tests, judged by the gate's own code. */
import type { Charter } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import { before, moves, policy, tierMoves } from '../../policy/test/charter/moves.ts';
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

  test.each(tierMoves)('takes tiers by what each amount needs: %s', (_what, old, now, change) => {
    expect(loosens(policy({ tiers: old }), policy({ tiers: now }))).toBe(change === 'loosening');
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

  test('covers each old window by one that is as long and lets no more pass', () => {
    const window = { ticks: 10, amount: 10n, count: 10, fee: 10n };
    const change = (now: Partial<typeof window>) =>
      loosens(policy({ windows: [window] }), policy({ windows: [{ ...window, ...now }] }));
    const tighter = [{ ticks: 11 }, { amount: 9n }, { count: 9 }, { fee: 9n }];
    const looser = [{ ticks: 9 }, { amount: 11n }, { count: 11 }, { fee: 11n }];
    expect(tighter.map(change)).toEqual([false, false, false, false]);
    expect(looser.map(change)).toEqual([true, true, true, true]);
    // Of two windows both must be covered; one new window may cover both.
    const longer = { ...window, ticks: 20, amount: 20n };
    const both = policy({ windows: [window, longer] });
    expect(loosens(both, policy({ windows: [{ ...longer, amount: 10n }] }))).toBe(false);
    expect(loosens(both, policy({ windows: [longer] }))).toBe(true);
    expect(loosens(both, policy({ windows: [window] }))).toBe(true);
  });

  test('covers each old limit per destination and requester by one of the same kind', () => {
    const limit = { per: 'requester', ticks: 10, amount: 10n, count: 10 } as const;
    const change = (now: Partial<Charter['policy']['velocity'][number]>) =>
      loosens(policy({ velocity: [limit] }), policy({ velocity: [{ ...limit, ...now }] }));
    const tighter = [{ ticks: 11 }, { amount: 9n }, { count: 9 }];
    const looser = [{ ticks: 9 }, { amount: 11n }, { count: 11 }, { per: 'destination' }] as const;
    expect(tighter.map(change)).toEqual([false, false, false]);
    expect(looser.map(change)).toEqual([true, true, true, true]);
    const both = policy({ velocity: [limit, { ...limit, per: 'destination' }] });
    expect(loosens(both, policy({ velocity: [limit] }))).toBe(true);
  });

  test('keeps the people of a requester who stays, and forgets those of one who is gone', () => {
    const [shop, desk] = before.requesters;
    if (shop === undefined || desk === undefined) throw new Error('no requesters');
    expect(loosens(before, { ...before, requesters: [desk] })).toBe(false);
    expect(loosens(before, { ...before, requesters: [shop, { ...desk, people: [] }] })).toBe(true);
    expect(loosens(before, { ...before, requesters: [shop, { ...desk, people: ['fay'] }] })).toBe(true);
    expect(loosens(before, { ...before, requesters: [shop, { ...desk, people: ['fay', 'eve'] }] })).toBe(
      false,
    );
  });
});
