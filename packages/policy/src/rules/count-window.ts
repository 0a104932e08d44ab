/** COUNT_WINDOW. Spec: protocol-spec/10-policy.md, "Windows" and "Charges". */
import { refuse } from '../refusal.ts';
import { usesAt } from '../windows.ts';
import type { Rule } from './rule.ts';

// The intents that are paid for the first time, or anew, stay within every window's count.
export const countWindow: Rule = ({ charge: { count }, millitick }, state) =>
  usesAt(state, millitick)
    .filter(({ used, limit }) => count > 0 && used.count + count > limit.count)
    .map(({ used, limit }) => refuse('COUNT_WINDOW', { spent: used.count, count, limit: limit.count }));
