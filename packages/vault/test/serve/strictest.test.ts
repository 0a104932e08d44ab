/** Where machines are under different charters, drafts keep to the strictest of them in every limit that is a number. */
import type { CharterInForce } from '@coldwire/policy';
import type { Charter } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { ORDERING } from '../../../policy/src/charter/ordering.ts';
import { mustLoad, sampleCharter } from '../../../policy/test/world.ts';
import { strictest } from '../../src/serve/strictest.ts';

const first = mustLoad(sampleCharter());

/** No limits of a draft: what a destination needs before it is paid, what charters need, and how fresh a clock is. */
const OF_NO_DRAFT = [
  'policy.destinations',
  'policy.destinationTicks',
  'policy.loosenTicks',
  'clock.fresh',
  'quorum',
];

const LIMITS = ORDERING.filter(
  ({ direction, field }) =>
    (direction === 'smaller' || direction === 'larger') && !OF_NO_DRAFT.includes(field),
);

/** Everything that is a number is one larger. */
function raised<T extends object>(row: T): T {
  const entries = Object.entries(row).map(([key, value]: [string, unknown]) => {
    if (typeof value === 'bigint') return [key, value + 1n] as const;
    return [key, typeof value === 'number' ? value + 1 : value] as const;
  });
  return { ...row, ...Object.fromEntries(entries) };
}

function larger(of: CharterInForce): CharterInForce {
  const { policy, clock } = of.charter;
  const charter: Charter = { ...of.charter, policy: raised(policy), clock: raised(clock) };
  return { ...of, policy: charter.policy, charter };
}

test.each(LIMITS)(
  '$field goes the $direction way, whichever charter is the newer one',
  ({ direction, read }) => {
    const [low, high] = [first, larger(first)];
    expect(read(low.charter) < read(high.charter)).toBe(true);
    const wanted = read((direction === 'smaller' ? low : high).charter);
    for (const charters of [
      [low, high],
      [high, low],
      [low, high, low],
    ]) {
      const working = strictest(charters);
      expect(working === undefined ? undefined : read(working.charter)).toBe(wanted);
      expect(working?.policy).toEqual(working?.charter.policy);
    }
  },
);

test('burial is among them', () => {
  expect(LIMITS.map(({ field }) => field)).toContain('clock.burial');
});
