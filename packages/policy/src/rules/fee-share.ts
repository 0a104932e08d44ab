/** FEE_SHARE. Spec: protocol-spec/10-policy.md, "Fees". */
import type { SpendFacts } from '../facts.ts';
import { refuse } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';
import type { Rule } from './rule.ts';

/**
 * What the fee is a share of: what is paid, or was to be paid by a transaction that this one replaces, because replacing
 * costs more however little is left to pay; without any intent, what is moved.
 */
function shareBase({ intents, paid, sumOut, conflicting }: SpendFacts, state: PolicyState): bigint {
  let base = intents.length === 0 ? sumOut : paid;
  for (const txid of conflicting) {
    const replaced = state.transactions.get(txid)?.paid ?? 0n;
    if (replaced > base) base = replaced;
  }
  return base;
}

// Above the charter's floor, the fee is at most a share of what is paid.
export const feeShare: Rule = (facts, state) => {
  const { feeShare, feeShareFloor } = state.charter.policy;
  const amount = shareBase(facts, state);
  const share = (amount * BigInt(feeShare)) / 1000n;
  const limit = share > feeShareFloor ? share : feeShareFloor;
  return facts.fee > limit ? [refuse('FEE_SHARE', { fee: facts.fee, amount, limit })] : [];
};
