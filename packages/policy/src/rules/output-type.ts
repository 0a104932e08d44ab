/** OUTPUT_TYPE. Spec: protocol-spec/10-policy.md, "Rules". */
import { concatBytes } from '@coldwire/protocol';
import { classifyScript, type PointMath } from '@coldwire/wallet';
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

const NOTHING = new Uint8Array(32);

/** Whether 32 bytes are the x of a point (BIP-340): money sent to any other taproot key is lost. */
function isTaprootKey(x: Uint8Array, math: PointMath): boolean {
  try {
    math.addTweak(concatBytes(Uint8Array.of(2), x), NOTHING);
    return true;
  } catch {
    return false;
  }
}

// Every destination is exactly one of the script templates that the charter allows, and can be spent from.
export const outputType: Rule = ({ outputs }, state) => {
  const allowed: readonly string[] = state.charter.policy.scripts;
  const refusals: Refusal[] = [];
  for (const [output, { from, script }] of outputs.entries()) {
    if (from === 'change' || script === undefined) continue;
    const type = classifyScript(script);
    if (allowed.includes(type) && (type !== 'p2tr' || isTaprootKey(script.subarray(2), state.math))) continue;
    refusals.push(refuse('OUTPUT_TYPE', { output }));
  }
  return refusals;
};
