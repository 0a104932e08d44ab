/** EXPIRED. Spec: protocol-spec/10-policy.md, "Intents". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent has not expired.
export const expired: Rule = ({ intents, height }) =>
  intents
    .filter(({ record, intent }) => record === undefined && height > intent.expires)
    .map(({ id, intent: { expires } }) => refuse('EXPIRED', { intent: id, expires, now: height }));
