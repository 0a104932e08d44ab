/** UNPROVEN_PARENT. Spec: protocol-spec/10-policy.md, "Admission". */
import { refuse } from '../refusal.ts';
import { isThere, minedIn } from '../state/view.ts';
import { worthOf } from '../state/worth.ts';
import type { Rule } from './rule.ts';

// What is spent is no more than the mined coins that it is, or comes from, hold together.
export const unprovenParent: Rule = ({ inputs, sumIn }, state) => {
  const unmined = inputs.find(({ coin }) => coin !== undefined && minedIn(state, coin) === undefined);
  // What is not there at all is for UNKNOWN_OUTPOINT.
  const isAllThere = inputs.every(({ coin }) => coin !== undefined && isThere(state, coin));
  if (unmined === undefined || !isAllThere) return [];
  const keys = inputs.map(({ key }) => key);
  return sumIn > worthOf(state, keys) ? [refuse('UNPROVEN_PARENT', { txid: unmined.key.slice(0, 64) })] : [];
};
