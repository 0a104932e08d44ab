/** CLOCK_STALE. Spec: protocol-spec/10-policy.md, "Rules". */
import { isFresh, refuseStale } from '../clock/fresh.ts';
import type { Rule } from './rule.ts';

// The newest header and the machine's own clock agree to within the charter's time, in either direction.
export const clockStale: Rule = ({ time }, state) => (isFresh(state, time) ? [] : [refuseStale(state, time)]);
