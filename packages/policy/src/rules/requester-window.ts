/** REQUESTER_WINDOW. Spec: protocol-spec/10-policy.md, "Velocity". */
import { findVelocity } from '../velocity.ts';
import type { Rule } from './rule.ts';

// The intents that are paid for the first time, or anew, stay within every window of each requester.
export const requesterWindow: Rule = (facts, state) =>
  findVelocity(facts, state, 'requester', 'REQUESTER_WINDOW');
