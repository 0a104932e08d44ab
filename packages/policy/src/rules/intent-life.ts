/** INTENT_LIFE. Spec: protocol-spec/10-policy.md, "Intents". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent was not created in the future, and does not live longer than the charter allows.
export const intentLife: Rule = ({ intents, height }, state) => {
  const { intentLife, intentAhead } = state.charter.policy;
  return intents
    .filter(({ record, intent: { created, expires } }) => {
      const tooLong = expires < created || expires - created > intentLife;
      return record === undefined && (created > height + intentAhead || tooLong);
    })
    .map(({ id, intent: { created, expires } }) => {
      return refuse('INTENT_LIFE', { intent: id, created, expires, now: height });
    });
};
