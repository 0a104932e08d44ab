/** FEE_ABSOLUTE. Spec: protocol-spec/10-policy.md, "Fees". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// The fee is at most the charter's, in sat.
export const feeAbsolute: Rule = ({ fee }, state) => {
  const limit = state.charter.policy.feeAbsolute;
  return fee > limit ? [refuse('FEE_ABSOLUTE', { fee, limit })] : [];
};
