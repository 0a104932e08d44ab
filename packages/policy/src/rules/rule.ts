/** One rule: all the ways in which a spend breaks it, or none. It reads and never writes. */
import type { SpendFacts } from '../facts.ts';
import type { Refusal } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';

export type Rule = (facts: SpendFacts, state: PolicyState) => readonly Refusal[];
