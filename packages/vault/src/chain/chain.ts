/**
 * What the vault needs of a Bitcoin node, whichever it is. Hashes are 32 bytes in internal order, as in
 * transactions and headers; amounts are sat; heights are those of the node's best branch at that moment.
 * Every function throws `ChainError` when the node cannot be asked or makes no sense.
 */
import type { Block } from './block.ts';

export interface BlockId {
  readonly height: number;
  readonly hash: Uint8Array;
}

export type BroadcastResult =
  | { readonly kind: 'accepted' }
  /** It waits in the mempool or is in a block already. */
  | { readonly kind: 'already-known' }
  /** An input is unknown or spent by another transaction. */
  | { readonly kind: 'missing-inputs'; readonly reason: string }
  /** The node will not relay it; `reason` is its own word, such as "insufficient fee" or "min relay fee not met". */
  | { readonly kind: 'rejected'; readonly reason: string };

export type TransactionStatus =
  | { readonly kind: 'waiting' }
  /** `depth` 1 is the tip. */
  | { readonly kind: 'confirmed'; readonly depth: number; readonly block: BlockId }
  /** Neither waiting nor, as far as the node can tell, mined. */
  | { readonly kind: 'unknown' };

export interface Feerate {
  /** sat per 1,000 vbytes */
  readonly satPerKvb: bigint;
  /** Whether the node estimated it, or it is the caller's fallback. */
  readonly source: 'node' | 'fallback';
}

export interface Chain {
  /** The node's network as Core names it: "main", "test", "signet", "regtest"; btcd's names are mapped. */
  network(): Promise<string>;
  tip(): Promise<BlockId>;
  /** The hash of the best branch's block at a height; null above the tip. */
  hashAt(height: number): Promise<Uint8Array | null>;
  /** Up to `count` raw 80-byte headers of the best branch from a height on, each linked to the one before. */
  headers(from: number, count: number): Promise<Uint8Array[]>;
  /** The raw header of any block the node knows, also off the best branch; null when it knows none such. */
  header(hash: Uint8Array): Promise<Uint8Array | null>;
  block(hash: Uint8Array): Promise<Block>;
  broadcast(raw: Uint8Array): Promise<BroadcastResult>;
  /**
   * Whether a transaction waits or is mined. `seenIn` is the block that a `connected` event gave; without it, a
   * node that keeps no transaction index (Core's default) answers 'unknown' for mined transactions.
   */
  status(txid: Uint8Array, seenIn?: BlockId): Promise<TransactionStatus>;
  /** For confirmation within `blocks`; never below what the node relays. */
  feerate(blocks: number, fallback: bigint): Promise<Feerate>;
}
