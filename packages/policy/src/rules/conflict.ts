/** CONFLICT: one intent, one payment. Spec: protocol-spec/10-policy.md, "One intent, one payment". */
import { type Refusal, refuse } from '../refusal.ts';
import { type Deaths, isDead } from '../state/view.ts';
import type { Rule } from './rule.ts';

// A transaction shares an input with every other one that was approved for one of its intents, unless that one is dead.
export const conflict: Rule = ({ intents, txid, conflicting }, state) => {
  const refusals: Refusal[] = [];
  const known: Deaths = new Map();
  for (const { id, record } of intents) {
    for (const carrier of record?.carriers ?? []) {
      if (carrier === txid || conflicting.has(carrier)) continue;
      if (!isDead(state, carrier, undefined, known))
        refusals.push(refuse('CONFLICT', { intent: id, txid: carrier }));
    }
  }
  return refusals;
};
