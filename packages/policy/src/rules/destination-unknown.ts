/** DESTINATION_UNKNOWN. Spec: protocol-spec/10-policy.md, "Destinations". */
import { standingOf } from '../destination/standing.ts';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent pays whom the charter lists, or where it says so whom the requester registered.
export const destinationUnknown: Rule = ({ intents, millitick }, state) =>
  intents
    .filter(
      ({ record, intent }) => record === undefined && standingOf(state, intent, millitick).kind === 'unknown',
    )
    .map(({ id }) => refuse('DESTINATION_UNKNOWN', { intent: id }));
