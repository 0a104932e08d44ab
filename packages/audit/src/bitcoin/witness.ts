/**
 * A final transaction taken apart: the same without its witness, and for each input the two signatures in the one form that
 * is allowed (BIP-66 DER, low S, SIGHASH_ALL, keys' order), each found to be one signer's by verifying it.
 * Sources: BIP-66, BIP-141, BIP-144, BIP-146, BIP-147.
 */
import { equalBytes } from '@coldwire/protocol';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { verify } from '@noble/secp256k1';
import { RawOldTx, RawTx } from '@scure/btc-signer/script.js';
import type { Built } from './transaction.ts';

const SIGHASH_ALL = 1;

export interface FinalTransaction {
  /** Serialized without witness. */
  readonly unsigned: Uint8Array;
  readonly witnesses: readonly (readonly Uint8Array[])[];
}

/** @returns the parts, or why the bytes are no transaction in its one serialization */
export function readFinal(bytes: Uint8Array): FinalTransaction | string {
  try {
    const tx = RawTx.decode(bytes);
    if (!equalBytes(RawTx.encode(tx), bytes)) return 'it is not in its shortest serialization';
    if (tx.witnesses === undefined) return 'it has no witness';
    const { version, inputs, outputs, lockTime } = tx;
    return {
      unsigned: RawOldTx.encode({ version, inputs, outputs, lockTime }),
      witnesses: tx.witnesses,
    };
  } catch (error) {
    return error instanceof Error ? error.message : 'it does not decode';
  }
}

/** Compact signatures of one input, 64 bytes each, by signer. */
export type InputSignatures = ReadonlyMap<string, Uint8Array>;

/**
 * @param signers the two who are said to have signed
 * @returns their signatures, or what is wrong with the witness
 */
export function readWitness(
  built: Built,
  input: number,
  witness: readonly Uint8Array[],
  signers: readonly string[],
): InputSignatures | string {
  const script = built.inputs[input]?.script;
  const [empty, first, second, last] = witness;
  if (script === undefined || first === undefined || second === undefined || last === undefined)
    return `a witness of ${witness.length} items instead of 4`;
  if (witness.length !== 4 || empty?.length !== 0) return 'a witness that does not open with the empty item';
  if (!equalBytes(last, script.witnessScript)) return 'a witness script that is not the descriptor’s';
  const hash = built.sighash(input);
  const inOrder = [...script.keys]
    .filter(([signer]) => signers.includes(signer))
    .sort(([, a], [, b]) => Buffer.compare(a, b));
  const found = new Map<string, Uint8Array>();
  for (const [place, item] of [first, second].entries()) {
    const compact = readSignature(item);
    if (compact === undefined) return 'a signature that is not strict DER, low S and SIGHASH_ALL';
    const [signer, key] = inOrder[place] ?? [];
    if (signer === undefined || key === undefined) return 'not the two signers whose keys are disclosed';
    if (!isValid(compact, hash, key)) return `the signature of ${signer} does not verify`;
    found.set(signer, compact);
  }
  return found;
}

function isValid(compact: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean {
  return verify(compact, hash, key, { prehash: false, lowS: true });
}

/** r ‖ s of a witness item, if it is in the one allowed form. */
function readSignature(item: Uint8Array): Uint8Array | undefined {
  if (item.at(-1) !== SIGHASH_ALL) return undefined;
  const der = item.subarray(0, -1);
  try {
    const signature = secp256k1.Signature.fromBytes(der, 'der');
    const isStrict = equalBytes(signature.toBytes('der'), der) && !signature.hasHighS();
    return isStrict ? signature.toBytes('compact') : undefined;
  } catch {
    return undefined;
  }
}
