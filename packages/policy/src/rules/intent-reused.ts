/** INTENT_REUSED. Spec: protocol-spec/10-policy.md, "Intents". */
import { toHex } from '@coldwire/protocol';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// An intent id that was seen before stands for the same contents.
export const intentReused: Rule = ({ intents }) =>
  intents
    .filter(({ record, hash }) => record !== undefined && record.hash !== toHex(hash))
    .map(({ id }) => refuse('INTENT_REUSED', { intent: id }));
