/** FEE_RATE. Spec: protocol-spec/10-policy.md, "Fees". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// The fee per 1,000 vB of our own worst-case size is at most the charter's.
export const feeRate: Rule = ({ fee, vsize }, state) => {
  const limit = state.charter.policy.feeRate;
  const size = BigInt(vsize);
  if (fee * 1000n <= BigInt(limit) * size) return [];
  return [refuse('FEE_RATE', { feerate: (fee * 1000n + size - 1n) / size, limit })];
};
