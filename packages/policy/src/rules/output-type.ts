/** OUTPUT_TYPE. Spec: protocol-spec/10-policy.md, "Rules". */
import { classifyScript } from '@coldwire/wallet';
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// Every destination is exactly one of the script templates that the charter allows.
export const outputType: Rule = ({ outputs }, state) => {
  const allowed: readonly string[] = state.charter.policy.scripts;
  const refusals: Refusal[] = [];
  for (const [output, { from, script }] of outputs.entries()) {
    if (from === 'change' || script === undefined || allowed.includes(classifyScript(script))) continue;
    refusals.push(refuse('OUTPUT_TYPE', { output }));
  }
  return refusals;
};
