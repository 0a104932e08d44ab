/**
 * The size that fees are judged by: our own, from the numbers of inputs and outputs, never a claim.
 * Every input is one of ours with two signatures of the greatest length, so the real transaction is never larger; it is
 * at most half a vB per input smaller, unless a signature is shorter than 71 bytes (about 1 in 256).
 * Spec: protocol-spec/3-wallet.md, "Worst-case vsize". Source: BIP-141.
 */
import { WITNESS_SCRIPT_LENGTH } from './scripts.ts';
import { MAX_DER_LENGTH } from './signature.ts';
import { STRIPPED_INPUT_LENGTH } from './transaction.ts';
import { compactSizeLength, prefixedLength } from './wire-writer.ts';

/** Item count, the empty item, two signatures with their sighash byte, the witness script: 254 bytes. */
export const MAX_WITNESS_LENGTH =
  1 + 1 + 2 * prefixedLength(MAX_DER_LENGTH + 1) + prefixedLength(WITNESS_SCRIPT_LENGTH);

const MARKER_AND_FLAG = 2;

/** Upper bound of the weight in weight units; `outputs` are the scriptPubKeys. */
export function worstCaseWeight(shape: {
  readonly inputs: number;
  readonly outputs: readonly Uint8Array[];
}): number {
  const outputs = shape.outputs.reduce((sum, script) => sum + 8 + prefixedLength(script.length), 0);
  const inputs = compactSizeLength(shape.inputs) + shape.inputs * STRIPPED_INPUT_LENGTH;
  const stripped = 4 + inputs + compactSizeLength(shape.outputs.length) + outputs + 4;
  return stripped * 4 + MARKER_AND_FLAG + shape.inputs * MAX_WITNESS_LENGTH;
}

/** Upper bound of the virtual size in vB; `outputs` are the scriptPubKeys. */
export function worstCaseVsize(shape: {
  readonly inputs: number;
  readonly outputs: readonly Uint8Array[];
}): number {
  return Math.ceil(worstCaseWeight(shape) / 4);
}
