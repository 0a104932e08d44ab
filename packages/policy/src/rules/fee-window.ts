/** FEE_WINDOW. Spec: protocol-spec/10-policy.md, "Windows" and "Charges". */
import { refuse } from '../refusal.ts';
import { usesAt } from '../windows.ts';
import type { Rule } from './rule.ts';

// What a transaction adds to the fees stays within every window.
export const feeWindow: Rule = ({ charge: { fee }, millitick }, state) =>
  usesAt(state, millitick)
    .filter(({ used, limit }) => fee > 0n && used.fee + fee > limit.fee)
    .map(({ used, limit }) => refuse('FEE_WINDOW', { spent: used.fee, fee, limit: limit.fee }));
