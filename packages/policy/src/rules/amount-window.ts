/** AMOUNT_WINDOW. Spec: protocol-spec/10-policy.md, "Windows" and "Charges". */
import { refuse } from '../refusal.ts';
import { usesAt } from '../windows.ts';
import type { Rule } from './rule.ts';

// The intents that are paid for the first time, or anew, stay within every window's amount.
export const amountWindow: Rule = ({ charge: { amount }, millitick }, state) =>
  usesAt(state, millitick)
    .filter(({ used, limit }) => amount > 0n && used.amount + amount > limit.amount)
    .map(({ used, limit }) => refuse('AMOUNT_WINDOW', { spent: used.amount, amount, limit: limit.amount }));
