/** FROZEN. Spec: protocol-spec/10-policy.md, "Freezing". */
import { formatTicks } from '../clock/ticks.ts';
import { refuse } from '../refusal.ts';
import { freezeInForce } from '../state/view.ts';
import type { Rule } from './rule.ts';

// While anybody's freeze is in force, nothing is signed.
export const frozen: Rule = ({ millitick }, state) => {
  const freeze = freezeInForce(state, millitick);
  if (freeze === undefined) return [];
  const { since, by, until } = freeze;
  return [
    refuse('FROZEN', {
      since: formatTicks(since),
      by,
      until: Number.isFinite(until) ? formatTicks(until) : 'a quorum ends it',
    }),
  ];
};
