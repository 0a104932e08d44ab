/** DUST. Spec: protocol-spec/10-policy.md, "Rules". */
import { dustLimit } from '@coldwire/wallet';
import { COIN_LEAST } from '../coin-least.ts';
import type { OutputFact } from '../facts.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { isHomeward } from './homeward.ts';
import type { Rule } from './rule.ts';

function leastOf({ script, from }: OutputFact, isHome: boolean): bigint {
  if (script === undefined) return 0n;
  return from === 'change' && !isHome ? COIN_LEAST : dustLimit(script);
}

// Every output is large enough for nodes to relay it, and change for us to spend it: else it would be a fee that no limit counts.
export const dust: Rule = (facts) => {
  const isHome = isHomeward(facts);
  const refusals: Refusal[] = [];
  for (const [output, fact] of facts.outputs.entries()) {
    const limit = leastOf(fact, isHome);
    if (fact.amount < limit) refusals.push(refuse('DUST', { output, amount: fact.amount, limit }));
  }
  return refusals;
};
