/**
 * Proof that a transaction is in a block: the Merkle root that its txid and path lead to.
 *
 * Refuses what would prove something else: a position outside the tree; the copy of the last hash that an odd level
 * appends (CVE-2012-2459), so that a transaction has one position only; a 64-byte transaction, which may be two hashes,
 * and an inner node whose 64 bytes read as a transaction, which may be a leaf with a made-up child (CVE-2017-12842).
 * Spec: protocol-spec/3-wallet.md, "Merkle proof".
 */
import { concatBytes, equalBytes } from '@coldwire/protocol/bytes.ts';
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { decodeTransaction } from './decode.ts';
import { hash256 } from './hash.ts';

/** A block of 4,000,000 weight units holds fewer than 2¹⁵ transactions of 60 bytes; 2¹⁶ leaves allow for any. */
export const MAX_MERKLE_DEPTH = 16;

/** A transaction of this stripped length proves nothing, and nothing can be proven about it. */
export const AMBIGUOUS_LENGTH = 64;

const NODE_LIMITS = { bytes: AMBIGUOUS_LENGTH, inputs: 1, outputs: 1, witnessItems: 0 };

/** True when an inner node, two hashes side by side, would also be a transaction without witness. */
function readsAsTransaction(node: Uint8Array): boolean {
  // The count of inputs; 64 bytes have room for one only. This spares all but 1 in 256 nodes the decoder.
  if (node[4] !== 1) return false;
  return decodeTransaction(node, NODE_LIMITS).ok;
}

/**
 * The root above `txid` (32 bytes, internal order) at `position` (0-based among the block's transactions) with the
 * sibling hashes `path`, lowest first. Faults: MALFORMED, TOO_LARGE. The caller compares the root with a header's.
 *
 * `strippedLength` is that of the transaction behind the txid, which the caller has seen.
 */
export function merkleRootFromPath(
  txid: Uint8Array,
  strippedLength: number,
  position: number,
  path: readonly Uint8Array[],
): Result<Uint8Array> {
  const bad = (detail: string) => reject(makeFault('MALFORMED', `Merkle proof: ${detail}`));
  if (path.length > MAX_MERKLE_DEPTH) {
    return reject(
      makeFault('TOO_LARGE', `Merkle proof: ${path.length} levels, the limit is ${MAX_MERKLE_DEPTH}`),
    );
  }
  if (txid.length !== 32) return bad(`a txid of ${txid.length} bytes instead of 32`);
  if (strippedLength === AMBIGUOUS_LENGTH) return bad('a transaction of 64 bytes proves nothing');
  if (!Number.isInteger(position) || position < 0 || position >= 2 ** path.length) {
    return bad(`position ${position} is not in a tree of ${path.length} levels`);
  }
  let node = txid;
  for (const [level, sibling] of path.entries()) {
    if (sibling.length !== 32)
      return bad(`the hash of level ${level} has ${sibling.length} bytes instead of 32`);
    const isRight = ((position >>> level) & 1) === 1;
    if (isRight && equalBytes(node, sibling)) return bad(`level ${level} is the copy of an odd last hash`);
    const pair = isRight ? concatBytes(sibling, node) : concatBytes(node, sibling);
    if (readsAsTransaction(pair)) return bad(`the node of level ${level} reads as a transaction`);
    node = hash256(pair);
  }
  return accept(node);
}
