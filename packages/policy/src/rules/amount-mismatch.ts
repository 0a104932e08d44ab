/** AMOUNT_MISMATCH. Spec: protocol-spec/10-policy.md, "Admission". Precedent: the fee theft that BIP-143 left open. */
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// The draft gives every coin the amount that the coin's own transaction gives it.
export const amountMismatch: Rule = ({ inputs }) => {
  const refusals: Refusal[] = [];
  for (const { key, amount, coin } of inputs) {
    if (coin === undefined || coin.amount === amount) continue;
    refusals.push(refuse('AMOUNT_MISMATCH', { outpoint: key, got: amount, want: coin.amount }));
  }
  return refusals;
};
