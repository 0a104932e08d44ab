/** DESTINATION_DENIED. Spec: protocol-spec/10-policy.md, "Destinations". */
import { standingOf } from '../destination/standing.ts';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent pays nobody on the charter's deny list.
export const destinationDenied: Rule = ({ intents, millitick }, state) =>
  intents
    .filter(
      ({ record, intent }) => record === undefined && standingOf(state, intent, millitick).kind === 'denied',
    )
    .map(({ id }) => refuse('DESTINATION_DENIED', { intent: id }));
