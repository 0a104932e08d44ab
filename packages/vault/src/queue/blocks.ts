/**
 * The steps of the chain follower, stored: position, coins, spends and the proofs that ADMIT and DEAD carry, in one
 * transaction per block. The follower keeps no memory, so a crash between two blocks repeats or skips nothing.
 */

import { equalBytes, type MerkleProof } from '@coldwire/protocol';
import { type Outpoint, outpointKey } from '@coldwire/wallet';
import type { FoundTransaction, Step, Watch } from '../chain/index.ts';
import type { Place } from './addresses.ts';
import { getBatch } from './batch.ts';
import { applyChainEvents, type Block, type ChainEvent, knownBlocks } from './chain-events.ts';
import { type Row, readBytes, readNumber } from './columns.ts';
import type { Store } from './withdrawals.ts';

/** Which place of which wallet a script is; undefined for a foreign one. */
export type Locate = (script: Uint8Array) => Place | undefined;

/** Where following begins: the charter's checkpoint, or the tip when the wallet was made. Does nothing later on. */
export function startAt(store: Store, block: Block): Block {
  const [known] = knownBlocks(store, 1);
  if (known !== undefined) return known;
  store.db.transaction(() => applyChainEvents(store, [{ kind: 'connected', ...block }]));
  return block;
}

export function recordStep(store: Store, { event }: Step, locate: Locate): void {
  const { height, hash } = event.block;
  store.db.transaction(() => {
    applyChainEvents(store, [{ kind: event.kind, height, hash }]);
    if (event.kind === 'disconnected') return;
    for (const found of event.found) {
      storeProof(store, found, height);
      applyChainEvents(store, eventsOf(found, height, locate));
    }
  });
}

function eventsOf(
  { txid, coinbase, created, spent }: FoundTransaction,
  height: number,
  locate: Locate,
): ChainEvent[] {
  const spends = spent.map((outpoint) => ({ kind: 'spent', outpoint, by: txid, height }) as const);
  const coins = created.flatMap(({ outpoint, amount, script }) => {
    const place = locate(script);
    if (place === undefined) return [];
    return [{ kind: 'created', coin: { ...outpoint, amount, ...place }, height, coinbase } as const];
  });
  return [...spends, ...coins];
}

function storeProof(store: Store, { txid, stripped, proof }: FoundTransaction, height: number): void {
  store.db.run(
    `INSERT INTO proofs (txid, stripped, height, block, position, path) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (txid) DO UPDATE SET height = excluded.height, block = excluded.block,
        position = excluded.position, path = excluded.path`,
    ...[txid, stripped, height, proof.block, proof.position, proof.path],
  );
}

/** What the follower looks for: coins of ours, and inputs of our transactions even after the coin is gone. */
export function watchOf(store: Store, locate: Locate): Watch {
  const sql = `SELECT 1 FROM coins WHERE txid = ?1 AND vout = ?2
    UNION ALL SELECT 1 FROM batch_inputs WHERE txid = ?1 AND vout = ?2`;
  return {
    script: (script) => locate(script) !== undefined,
    outpoint: ({ txid, vout }) => store.db.get(sql, txid, vout) !== undefined,
  };
}

/** A mined transaction that touches us, with all that ADMIT and DEAD carry. */
export interface Proven {
  readonly txid: Uint8Array;
  /** Serialized without witness. */
  readonly stripped: Uint8Array;
  readonly height: number;
  readonly proof: MerkleProof;
}

function readProof(row: Row): Proven {
  const proof = {
    block: readBytes(row, 'block'),
    position: readNumber(row, 'position'),
    path: readBytes(row, 'path'),
  };
  return {
    txid: readBytes(row, 'txid'),
    stripped: readBytes(row, 'stripped'),
    height: readNumber(row, 'height'),
    proof,
  };
}

/** Undefined while the transaction is not mined. */
export function findProof(store: Store, txid: Uint8Array): Proven | undefined {
  const row = store.db.get('SELECT * FROM proofs WHERE txid = ?', txid);
  return row === undefined ? undefined : readProof(row);
}

/**
 * What shows that a batch can never be mined: the mined transaction that spends an input of it, or of the batch whose
 * change it spends. Undefined while there is none.
 */
export function proofOfDeath(store: Store, batchId: number): Proven | undefined {
  const seen = new Set<string>();
  const search = (inputs: readonly Outpoint[], own: Uint8Array): Proven | undefined => {
    for (const input of inputs) {
      if (seen.has(outpointKey(input))) continue;
      seen.add(outpointKey(input));
      const killer = spenderOf(store, input);
      if (killer !== undefined && !equalBytes(killer.txid, own)) {
        return killer;
      }
      const parent = store.db.get('SELECT id FROM batches WHERE txid = ?', input.txid);
      if (parent === undefined) continue;
      const before = getBatch(store, readNumber(parent, 'id'));
      const found = search(before.inputs, before.txid);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const batch = getBatch(store, batchId);
  return search(batch.inputs, batch.txid);
}

function spenderOf(store: Store, { txid, vout }: Outpoint): Proven | undefined {
  const row = store.db.get(
    `SELECT p.* FROM coins c JOIN proofs p ON p.txid = c.spent_by
      WHERE c.txid = ? AND c.vout = ? AND c.spent_height IS NOT NULL`,
    ...[txid, vout],
  );
  return row === undefined ? undefined : readProof(row);
}
