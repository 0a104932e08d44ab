/** DESTINATION_WINDOW. Spec: protocol-spec/10-policy.md, "Velocity". */
import { findVelocity } from '../velocity.ts';
import type { Rule } from './rule.ts';

// The intents that are paid for the first time, or anew, stay within every window of each destination.
export const destinationWindow: Rule = (facts, state) =>
  findVelocity(facts, state, 'destination', 'DESTINATION_WINDOW');
