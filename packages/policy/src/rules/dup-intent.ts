/** DUP_INTENT. Spec: protocol-spec/10-policy.md, "Rules". */
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// No intent id stands twice in one transaction, whatever the contents.
export const dupIntent: Rule = ({ intents }) => {
  const seen = new Set<string>();
  const refusals: Refusal[] = [];
  for (const { id } of intents) {
    if (seen.has(id)) refusals.push(refuse('DUP_INTENT', { intent: id }));
    seen.add(id);
  }
  return refusals;
};
