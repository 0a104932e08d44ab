/** DESTINATION_DELAY. Spec: protocol-spec/10-policy.md, "Destinations". */
import { formatTicks } from '../clock/ticks.ts';
import { standingOf } from '../destination/standing.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight of an intent the delay of its destination is over.
export const destinationDelay: Rule = ({ intents, millitick }, state) => {
  const refusals: Refusal[] = [];
  for (const { record, intent, id } of intents) {
    const standing = standingOf(state, intent, millitick);
    if (record !== undefined || standing.kind !== 'waiting') continue;
    refusals.push(refuse('DESTINATION_DELAY', { intent: id, until: formatTicks(standing.until) }));
  }
  return refusals;
};
