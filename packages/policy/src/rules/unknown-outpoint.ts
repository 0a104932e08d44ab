/** UNKNOWN_OUTPOINT. Spec: protocol-spec/10-policy.md, "Admission". */
import { refuse } from '../refusal.ts';
import { isThere } from '../state/view.ts';
import type { Rule } from './rule.ts';

// Every input is a coin that was admitted here, and is still there if blocks were reorganized since.
export const unknownOutpoint: Rule = ({ inputs }, state) =>
  inputs
    .filter(({ coin }) => coin === undefined || !isThere(state, coin))
    .map(({ key }) => refuse('UNKNOWN_OUTPOINT', { outpoint: key }));
