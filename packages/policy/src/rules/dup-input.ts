/** DUP_INPUT. Spec: protocol-spec/10-policy.md, "Rules". Precedent: CVE-2018-17144. */
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// No coin is spent twice in one transaction.
export const dupInput: Rule = ({ inputs }) => {
  const seen = new Set<string>();
  const refusals: Refusal[] = [];
  for (const { key } of inputs) {
    if (seen.has(key)) refusals.push(refuse('DUP_INPUT', { outpoint: key }));
    seen.add(key);
  }
  return refusals;
};
