/** PATH_RANGE. Spec: protocol-spec/10-policy.md, "Change". Precedent: ransom by change at an index that nobody finds. */
import { refuse } from '../refusal.ts';
import { changeLimit } from '../state/view.ts';
import type { Rule } from './rule.ts';

// Change stays within the charter's gap of the highest change index that is proven mined.
export const pathRange: Rule = ({ change }, state) => {
  const limit = changeLimit(state, state.charter.newestWallet);
  return change
    .filter(({ wallet, index }) => wallet === state.charter.newestWallet && index > limit)
    .map(({ index }) => refuse('PATH_RANGE', { chain: 1, index, limit }));
};
