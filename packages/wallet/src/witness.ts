/**
 * The witness that spends one input: empty item, two signatures in the script's key order, the witness script.
 * Spec: protocol-spec/3-wallet.md, "Witness". Sources: BIP-141, BIP-147 (the empty item).
 */
import { concatBytes } from '@coldwire/protocol/bytes.ts';
import type { DerivedScript } from './scripts.ts';
import { SIGHASH_ALL } from './sighash.ts';
import { derEncode } from './signature.ts';
import type { Witness } from './transaction.ts';

/** `signer` is its place in the wallet's keys, 0 to 2; `signature` the 64 bytes r ‖ s, low-S. */
export type SignerSignature = { readonly signer: number; readonly signature: Uint8Array };

/**
 * Builds the witness from exactly two signatures of different signers, in any order. Throws RangeError otherwise, or
 * when a signature is not 64 bytes of low-S ECDSA. It does not verify them: whoever releases bytes does.
 */
export function witnessFor(script: DerivedScript, signatures: readonly SignerSignature[]): Witness {
  const placed = signatures.map(({ signer, signature }) => {
    const position = script.sortedPosition[signer];
    if (position === undefined) throw new RangeError(`signer ${signer} does not exist`);
    return { position, item: concatBytes(derEncode(signature), Uint8Array.of(SIGHASH_ALL)) };
  });
  const [first, second] = placed.sort((a, b) => a.position - b.position);
  if (first === undefined || second === undefined || placed.length !== 2) {
    throw new RangeError(`a witness takes 2 signatures, not ${placed.length}`);
  }
  if (first.position === second.position)
    throw new RangeError('a witness takes signatures of 2 different signers');
  return [new Uint8Array(0), first.item, second.item, script.witnessScript];
}
