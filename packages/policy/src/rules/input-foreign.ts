/** INPUT_FOREIGN. Spec: protocol-spec/10-policy.md, "Admission". */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// The draft gives every coin the wallet, chain and index at which its script was found to be ours.
export const inputForeign: Rule = ({ inputs }) =>
  inputs
    .filter(({ coin, wallet, chain, index }) => {
      return coin !== undefined && (coin.wallet !== wallet || coin.chain !== chain || coin.index !== index);
    })
    .map(({ key }) => refuse('INPUT_FOREIGN', { outpoint: key }));
