/**
 * NOT_CHANGE. The line cannot carry a change script, so what is left to get wrong is the wallet and the place.
 * Spec: protocol-spec/10-policy.md, "Change".
 */
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// Change goes to the newest wallet, at ascending positions that exist.
export const notChange: Rule = ({ change, outputs }, state) =>
  change
    .filter(({ wallet, position }, place) => {
      const before = change[place - 1]?.position ?? -1;
      return wallet !== state.charter.newestWallet || position <= before || position >= outputs.length;
    })
    .map(({ position }) => refuse('NOT_CHANGE', { output: position }));
