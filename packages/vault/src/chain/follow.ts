/**
 * Follows the best branch one block at a time. `nextEvent` has no memory: the caller keeps the position in its
 * database and writes it in the same transaction as what the event changed, so a crash anywhere repeats or skips
 * nothing. A reorganization is a run of `disconnected` events, newest first, then `connected` ones.
 */
import { equalBytes } from '@coldwire/protocol/bytes.ts';
import { type Outpoint, parseHeader } from '@coldwire/wallet';
import type { Block, BlockTransaction } from './block.ts';
import type { BlockId, Chain } from './chain.ts';
import { ChainError } from './error.ts';
import { buildLevels, type MerkleProof, proveAt } from './merkle.ts';

/** What to look for in blocks. */
export interface Watch {
  /** Whether an output script is ours. */
  script(script: Uint8Array): boolean;
  /** Whether an outpoint is a coin of ours, or spent by a transaction of ours. */
  outpoint(outpoint: Outpoint): boolean;
}

export interface CreatedCoin {
  readonly outpoint: Outpoint;
  /** sat */
  readonly amount: bigint;
  readonly script: Uint8Array;
}

/** A transaction that creates or spends something watched, with all that ADMIT and DEAD carry. */
export interface FoundTransaction {
  /** 32 bytes, internal order. */
  readonly txid: Uint8Array;
  /** Serialized without witness. */
  readonly stripped: Uint8Array;
  /** A coinbase's coins can be spent 100 blocks later. */
  readonly coinbase: boolean;
  readonly created: readonly CreatedCoin[];
  readonly spent: readonly Outpoint[];
  readonly proof: MerkleProof;
}

export type ChainEvent =
  | {
      readonly kind: 'connected';
      readonly block: BlockId;
      /** 80 bytes. */
      readonly header: Uint8Array;
      readonly found: readonly FoundTransaction[];
    }
  | { readonly kind: 'disconnected'; readonly block: BlockId };

export interface Step {
  readonly event: ChainEvent;
  /** The position after the event. */
  readonly position: BlockId;
}

/**
 * The next event after `position`, or null when the node has nothing new. Throws `ChainError`, of kind 'foreign'
 * when the node has never seen the block at `position`.
 */
export async function nextEvent(chain: Chain, position: BlockId, watch: Watch): Promise<Step | null> {
  const here = await chain.hashAt(position.height);
  if (here === null || !equalBytes(here, position.hash)) return stepBack(chain, position);
  const height = position.height + 1;
  const hash = await chain.hashAt(height);
  if (hash === null) return null;
  const block = await chain.block(hash);
  if (!equalBytes(block.previous, position.hash)) {
    // The branch changed between the calls, or the node contradicts itself.
    const now = await chain.hashAt(position.height);
    if (now === null || !equalBytes(now, position.hash)) return stepBack(chain, position);
    throw new ChainError(
      'nonsense',
      `the node's block at height ${height} does not follow the one before it`,
    );
  }
  const id = { height, hash };
  const event: ChainEvent = {
    kind: 'connected',
    block: id,
    header: block.header,
    found: findWatched(block, watch),
  };
  return { event, position: id };
}

async function stepBack(chain: Chain, position: BlockId): Promise<Step> {
  const bytes = await chain.header(position.hash);
  const header = bytes === null ? null : parseHeader(bytes);
  if (position.height === 0 || header === null || !header.ok) {
    const what = `the node does not know the last block that was seen, at height ${position.height}`;
    throw new ChainError('foreign', `${what}: it is on another network or was set up anew`);
  }
  const parent = { height: position.height - 1, hash: header.value.previous };
  return { event: { kind: 'disconnected', block: position }, position: parent };
}

/** The watched transactions of a block, in block order; also a coin that the block creates and spends at once. */
export function findWatched(block: Block, watch: Watch): FoundTransaction[] {
  const fresh = new Set<string>();
  const keyOf = ({ txid, vout }: Outpoint): string => `${Buffer.from(txid).toString('hex')}:${vout}`;
  let levels: Uint8Array[][] | undefined;
  return block.transactions.flatMap((transaction, position) => {
    const created = createdBy(transaction, watch);
    for (const { outpoint } of created) fresh.add(keyOf(outpoint));
    const spent = transaction.coinbase
      ? []
      : transaction.spends.filter((outpoint) => fresh.has(keyOf(outpoint)) || watch.outpoint(outpoint));
    if (created.length === 0 && spent.length === 0) return [];
    levels ??= buildLevels(block.transactions.map(({ txid }) => txid));
    const { txid, stripped, coinbase } = transaction;
    return [{ txid, stripped, coinbase, created, spent, proof: proveAt(levels, block.hash, position) }];
  });
}

function createdBy({ txid, outputs }: BlockTransaction, watch: Watch): CreatedCoin[] {
  return outputs.flatMap(({ amount, script }, vout) =>
    watch.script(script) ? [{ outpoint: { txid, vout }, amount, script }] : [],
  );
}
