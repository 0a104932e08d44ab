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

/** @param known lists of gates that are sealed to, each joined by commas */
export function unsealAnswer(
  charter: GateCharter,
  known: ReadonlySet<string>,
  answer: SignerAnswer,
  inputs: number,
  open: OpenSeal,
): PartialSignatures | GateRefusal {
  const { requestHash, txid, commitment, sealed } = answer.signed;
  // To all gates, as the charter in force at the signer lists them: one that is known here, not always the one in force here.
  const names = sealed.wraps.map(([name]) => name);
  const place = names.indexOf(charter.own.name);
  if (place < 0 || !known.has(names.join())) return refuse('GATE_SEAL', { signer: answer.signer });
  const message: SealedMessage = {
    ephemeral: sealed.ephemeral,
    wraps: sealed.wraps.map(([, bytes], gate) => ({ gate, bytes })),
    ciphertext: sealed.ciphertext,
  };
  const opened = open(place, sealContext(charter.first, requestHash, txid), message);
  if (opened === null || opened.plaintext.length !== 64 * inputs)
    return refuse('GATE_SEAL', { signer: answer.signer });
  if (!equalBytes(taggedHash('commitment', opened.plaintext), commitment)) {
    return refuse('GATE_SEAL', { signer: answer.signer });
  }
  const signatures = Array.from({ length: inputs }, (_, i) => opened.plaintext.slice(64 * i, 64 * i + 64));
  return { answer, contentKey: opened.contentKey, signatures };
}
