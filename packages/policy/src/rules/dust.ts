/** DUST. Spec: protocol-spec/10-policy.md, "Rules". */
import { dustLimit } from '@coldwire/wallet';
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// Every output is large enough for nodes to relay it.
export const dust: Rule = ({ outputs }) => {
  const refusals: Refusal[] = [];
  for (const [output, { amount, script }] of outputs.entries()) {
    const limit = script === undefined ? 0n : dustLimit(script);
    if (amount < limit) refusals.push(refuse('DUST', { output, amount, limit }));
  }
  return refusals;
};
