/** Builds proofs that a transaction is in a block, in the form of the protocol's `MerkleProof`. */
import { concatBytes, equalBytes } from '@coldwire/protocol/bytes.ts';
import { hash256 } from '@coldwire/wallet/hash.ts';

/** Where a transaction stands in a block; hashes in internal order. */
export interface MerkleProof {
  readonly block: Uint8Array;
  /** 0-based among the block's transactions. */
  readonly position: number;
  /** The sibling hashes from the leaf up, 32 bytes each, put together. */
  readonly path: Uint8Array;
}

/** All levels of the tree, leaves first, the root last. A lone last hash is paired with itself. */
export function buildLevels(txids: readonly Uint8Array[]): Uint8Array[][] {
  let level = [...txids];
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const left = below[2 * i] ?? new Uint8Array();
      return hash256(concatBytes(left, below[2 * i + 1] ?? left));
    });
    levels.push(level);
  }
  return levels;
}

/** Proves the transaction at `position`; `levels` are those of its block. */
export function proveAt(levels: readonly Uint8Array[][], block: Uint8Array, position: number): MerkleProof {
  const siblings = levels.slice(0, -1).map((level, depth) => {
    const at = Math.floor(position / 2 ** depth);
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1] ?? level[at];
    if (sibling === undefined) throw new Error(`there is no transaction ${position} to prove`);
    return sibling;
  });
  return { block, position, path: concatBytes(...siblings) };
}

/** Proves a transaction of a block by its id, or null when the block does not hold it. */
export function proveTransaction(
  block: { readonly hash: Uint8Array; readonly transactions: readonly { readonly txid: Uint8Array }[] },
  txid: Uint8Array,
): MerkleProof | null {
  const txids = block.transactions.map((transaction) => transaction.txid);
  const position = txids.findIndex((other) => equalBytes(other, txid));
  return position < 0 ? null : proveAt(buildLevels(txids), block.hash, position);
}
