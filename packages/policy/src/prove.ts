/**
 * Whether a Merkle proof leads from a transaction to a block of the best branch.
 * Refuses everything that `merkleRootFromPath` does, and transactions of 64 bytes, which prove nothing.
 * Spec: protocol-spec/10-policy.md, "Proofs".
 */
import { equalBytes, type MerkleProof } from '@coldwire/protocol';
import { type DecodedTransaction, merkleRootFromPath } from '@coldwire/wallet';
import { blockId, findBest } from './clock/header-tree.ts';
import type { PolicyState } from './state/state.ts';

function splitPath(path: Uint8Array): Uint8Array[] | undefined {
  if (path.length % 32 !== 0) return undefined;
  return Array.from({ length: path.length / 32 }, (_, level) => path.subarray(level * 32, level * 32 + 32));
}

/** True when the transaction is proven to be in `proof.block`, and that block is on the best branch. */
export function isProven(state: PolicyState, transaction: DecodedTransaction, proof: MerkleProof): boolean {
  const node = findBest(state.tree, blockId(proof.block));
  const path = splitPath(proof.path);
  if (node === undefined || path === undefined) return false;
  const root = merkleRootFromPath(transaction.txid, transaction.strippedLength, proof.position, path);
  return root.ok && equalBytes(root.value, node.header.merkleRoot);
}
