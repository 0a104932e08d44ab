/** AMOUNT_TX. Spec: protocol-spec/10-policy.md, "Rules". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// One transaction pays at most the charter's amount to intents.
export const amountTx: Rule = ({ paid }, state) => {
  const limit = state.charter.policy.amountPerTransaction;
  return paid > limit ? [refuse('AMOUNT_TX', { amount: paid, limit })] : [];
};
