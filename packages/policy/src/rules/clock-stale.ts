/** CLOCK_STALE. Spec: protocol-spec/10-policy.md, "Rules". */
import { tipOf } from '../clock/header-tree.ts';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// The newest header and the machine's own clock agree to within the charter's time, in either direction.
export const clockStale: Rule = ({ time }, state) => {
  const newest = tipOf(state.tree).header.time;
  if (Math.abs(time - newest) <= state.charter.charter.clock.fresh) return [];
  return [refuse('CLOCK_STALE', { newest, now: time })];
};
