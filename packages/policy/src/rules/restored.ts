/** RESTORED. Spec: protocol-spec/14-memory.md, "After a loss". */
import type { SpendFacts } from '../facts.ts';
import { longestWindow, strictHeight } from '../memory/memory.ts';
import { refuse } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';
import type { Rule } from './rule.ts';

/** Up to this height an intent may have been signed by memory that was lost, or may have been; −1: none was. */
function bornAt({ memory, charter }: PolicyState, millitick: number): number {
  return Math.max(memory.restored?.height ?? -1, strictHeight(memory, charter, millitick) ?? -1);
}

/** Its signatures are out already: giving them again gives nothing away. */
function wasApproved({ txid, intents }: SpendFacts, { transactions }: PolicyState): boolean {
  if (txid === undefined || !transactions.has(txid)) return false;
  return intents.every(({ record }) => record?.carriers.includes(txid) === true);
}

// An intent from before the loss is for the other signers; a new one waits until no window can hold what was lost.
export const restored: Rule = (facts, state) => {
  const height = bornAt(state, facts.millitick);
  if (height < 0 || wasApproved(facts, state)) return [];
  const since = state.memory.restored?.since;
  const isSpent = since !== undefined && facts.millitick < since + longestWindow(state.charter);
  return facts.intents
    .filter(({ intent, record }) => intent.created <= height || (isSpent && record === undefined))
    .map(({ id, intent }) => refuse('RESTORED', { intent: id, created: intent.created, height }));
};
