/**
 * Opens what the signers sealed, and holds it against what they committed to. Refuses GATE_SEAL.
 * The gate's key comes in as a capability, so that an auditor can run this with the content keys that the gate disclosed.
 * Spec: protocol-spec/6-sealing.md.
 */
import { equalBytes, taggedHash } from '@coldwire/protocol';
import { type SealedMessage, sealContext } from '@coldwire/protocol/seal/format.ts';
import type { GateCharter } from './charter.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import type { SignerAnswer } from './signed.ts';

/** Content key and plaintext, or null if it was not sealed to this gate and context. */
export type OpenSeal = (
  gate: number,
  context: Uint8Array,
  sealed: SealedMessage,
) => { readonly contentKey: Uint8Array; readonly plaintext: Uint8Array } | null;

export interface PartialSignatures {
  readonly answer: SignerAnswer;
  readonly contentKey: Uint8Array;
  /** 64 bytes each, in input order. */
  readonly signatures: readonly Uint8Array[];
}

export function unsealAnswer(
  charter: GateCharter,
  answer: SignerAnswer,
  inputs: number,
  open: OpenSeal,
): PartialSignatures | GateRefusal {
  const { requestHash, txid, commitment, sealed } = answer.signed;
  const { gates } = charter.charter;
  const wrapsAll =
    sealed.wraps.length === gates.length && sealed.wraps.every(([name], i) => name === gates[i]?.name);
  if (!wrapsAll) return refuse('GATE_SEAL', { signer: answer.signer });
  const message: SealedMessage = {
    ephemeral: sealed.ephemeral,
    wraps: sealed.wraps.map(([, bytes], gate) => ({ gate, bytes })),
    ciphertext: sealed.ciphertext,
  };
  const opened = open(charter.place, sealContext(charter.first, requestHash, txid), message);
  if (opened === null || opened.plaintext.length !== 64 * inputs)
    return refuse('GATE_SEAL', { signer: answer.signer });
  if (!equalBytes(taggedHash('commitment', opened.plaintext), commitment)) {
    return refuse('GATE_SEAL', { signer: answer.signer });
  }
  const signatures = Array.from({ length: inputs }, (_, i) => opened.plaintext.slice(64 * i, 64 * i + 64));
  return { answer, contentKey: opened.contentKey, signatures };
}
