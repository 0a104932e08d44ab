/**
 * LIMIT: numbers and size, before anything costly. A draft over a cap is refused by that alone.
 * Spec: protocol-spec/10-policy.md, "Rules".
 */
import type { Policy, SignRequest } from '@coldwire/protocol';
import { type Refusal, refuse } from '../refusal.ts';

type Cap = readonly [what: string, got: number, limit: number];

function overCaps(caps: readonly Cap[]): readonly Refusal[] {
  return caps
    .filter(([, got, limit]) => got > limit)
    .map(([what, got, limit]) => refuse('LIMIT', { what, got, limit }));
}

// A draft has no more inputs, intents and outputs than the charter allows.
export function checkCounts({ draft }: SignRequest, policy: Policy): readonly Refusal[] {
  return overCaps([
    ['inputs', draft.inputs.length, policy.maxInputs],
    ['intents', draft.intents.length, policy.maxIntents],
    ['outputs', draft.intents.length + draft.change.length, policy.maxOutputs],
  ]);
}

// The transaction, at its worst-case size, is no larger than the charter allows.
export function checkSize(vsize: number, policy: Policy): readonly Refusal[] {
  return overCaps([['vsize', vsize, policy.maxVsize]]);
}
