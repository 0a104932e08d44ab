/**
 * What the chain says, applied to coins, batches and withdrawals. One call is one transaction: a block with everything
 * in it that concerns us, or a disconnected block. The chain has the last word over every state here.
 */
import { equalBytes } from '@coldwire/protocol';
import { type Coin, equalOutpoints, type Outpoint } from '@coldwire/wallet';
import { type Batch, batchesSpending, carriersOf, findBatchByTxid, getBatch } from './batch.ts';
import { markBroadcast, putChange, setStatus } from './batches.ts';
import { findCoin, putCoin } from './coins.ts';
import { readBytes, readNumber } from './columns.ts';
import { appendEvent, findWithdrawal, type Store } from './withdrawals.ts';

export type ChainEvent =
  /** A block was put on the tip; its `created` and `spent` follow in the same call. Hash in internal order. */
  | { readonly kind: 'connected'; readonly height: number; readonly hash: Uint8Array }
  /** The tip was taken off. */
  | { readonly kind: 'disconnected'; readonly height: number; readonly hash: Uint8Array }
  /** A script of ours was paid; height null while unconfirmed. */
  | {
      readonly kind: 'created';
      readonly coin: Coin;
      readonly height: number | null;
      readonly coinbase: boolean;
    }
  /** A coin of ours was spent by a transaction; height null while unconfirmed. */
  | {
      readonly kind: 'spent';
      readonly outpoint: Outpoint;
      readonly by: Uint8Array;
      readonly height: number | null;
    };

export interface Block {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** Blocks remembered below the tip, for a follower that looks for the fork after a restart. */
const KEPT_BLOCKS = 4032;

export function recordChainEvents(store: Store, events: readonly ChainEvent[]): void {
  store.db.transaction(() => applyChainEvents(store, events));
}

/** Inside a transaction. */
export function applyChainEvents(store: Store, events: readonly ChainEvent[]): void {
  for (const event of events) applyChainEvent(store, event);
}

/** Connected blocks, newest first: where the follower goes on. */
export function knownBlocks(store: Store, limit: number): readonly Block[] {
  return store.db
    .all('SELECT height, hash FROM blocks ORDER BY height DESC LIMIT ?', limit)
    .map((row) => ({ height: readNumber(row, 'height'), hash: readBytes(row, 'hash') }));
}

function applyChainEvent(store: Store, event: ChainEvent): void {
  switch (event.kind) {
    case 'connected':
      connect(store, event);
      break;
    case 'disconnected':
      disconnect(store, event);
      break;
    case 'created': {
      const own = findBatchByTxid(store, event.coin.txid) !== undefined;
      putCoin(store, event.coin, { height: event.height, coinbase: event.coinbase, own });
      break;
    }
    case 'spent':
      if (event.height === null) seeSpend(store, event.outpoint, event.by);
      else settle(store, event, event.height);
  }
}

function connect(store: Store, { height, hash }: Block): void {
  const [tip] = knownBlocks(store, 1);
  if (tip !== undefined && tip.height + 1 !== height)
    throw new Error(`block ${height} does not follow ${tip.height}`);
  store.db.run('INSERT INTO blocks (height, hash) VALUES (?, ?)', height, hash);
  store.db.run('DELETE FROM blocks WHERE height < ?', height - KEPT_BLOCKS);
}

function disconnect(store: Store, { height, hash }: Block): void {
  const [tip] = knownBlocks(store, 1);
  if (tip?.height !== height || !equalBytes(tip.hash, hash))
    throw new Error(`block ${height} is not the tip`);
  store.db.run('DELETE FROM blocks WHERE height = ?', height);
  store.db.run('DELETE FROM proofs WHERE height = ?', height);
  store.db.run('UPDATE coins SET height = NULL WHERE height = ?', height);
  // Our own spends keep their coins by their batches; anybody else's comes again as an event if it is still about.
  store.db.run('UPDATE coins SET spent_by = NULL, spent_height = NULL WHERE spent_height = ?', height);
  for (const batch of batchesAt(store, 'height', height)) {
    setStatus(store, batch, 'broadcast');
    store.db.run('UPDATE batches SET height = NULL WHERE id = ?', batch.id);
    for (const id of intentsPointingAt(store, batch)) {
      appendEvent(store, id, { kind: 'reorganized', value: { batch: batch.id } });
    }
  }
  // What that block had made impossible may be mined after all.
  for (const batch of batchesAt(store, 'dead_height', height)) revive(store, batch);
}

/**
 * A replacement, mined, had made it impossible: it is offered again beside that one, which may spend a deposit that is gone now. Never
 * what pays beside other coins (P5): an intent of it was paid anew then, once it was dead and buried.
 */
function revive(store: Store, batch: Batch): void {
  const isRivalled = (id: Uint8Array): boolean => {
    const withdrawal = findWithdrawal(store, id);
    if (withdrawal?.state !== 'broadcast' || withdrawal.batch === null) return false;
    const { inputs } = getBatch(store, withdrawal.batch);
    return inputs.some((input) => batch.inputs.some((other) => equalOutpoints(input, other)));
  };
  const isCleared = batch.transaction !== null && batch.intents.length > 0;
  // Change of what died with it is no coin any more; its own comes back when it is mined.
  const hasCoins = batch.inputs.every((input) => findCoin(store, input) !== undefined);
  const isSent = isCleared && hasCoins && batch.intents.every(isRivalled);
  setStatus(store, batch, isSent ? 'broadcast' : 'abandoned');
  store.db.run('UPDATE batches SET dead_height = NULL WHERE id = ?', batch.id);
}

function batchesAt(store: Store, column: 'height' | 'dead_height', height: number): readonly Batch[] {
  return store.db
    .all(`SELECT id FROM batches WHERE ${column} = ? ORDER BY id`, height)
    .map((row) => getBatch(store, readNumber(row, 'id')));
}

/** Those of its withdrawals that stand by this batch and not by a rival of it. */
function intentsPointingAt(store: Store, batch: Batch): readonly Uint8Array[] {
  return batch.intents.filter((id) => findWithdrawal(store, id)?.batch === batch.id);
}

/** A spend in the mempool. If it is ours, the node took it although nobody was left to write that down. */
function seeSpend(store: Store, { txid, vout }: Outpoint, by: Uint8Array): void {
  store.db.run(
    'UPDATE coins SET spent_by = ? WHERE txid = ? AND vout = ? AND spent_height IS NULL',
    ...[by, txid, vout],
  );
  const ours = findBatchByTxid(store, by);
  if (ours?.status === 'cleared') markBroadcast(store, ours);
}

function settle(
  store: Store,
  { outpoint, by }: { readonly outpoint: Outpoint; readonly by: Uint8Array },
  height: number,
): void {
  store.db.run(
    'UPDATE coins SET spent_by = ?, spent_height = ? WHERE txid = ? AND vout = ?',
    ...[by, height, outpoint.txid, outpoint.vout],
  );
  const ours = findBatchByTxid(store, by);
  if (ours !== undefined) confirm(store, ours, height);
  for (const rival of batchesSpending(store, outpoint)) {
    if (!equalBytes(rival.txid, by)) kill(store, rival.id, height);
  }
}

function confirm(store: Store, batch: Batch, height: number): void {
  if (batch.status === 'confirmed') return; // by an earlier one of its inputs
  setStatus(store, batch, 'confirmed');
  store.db.run('UPDATE batches SET height = ?, dead_height = NULL WHERE id = ?', height, batch.id);
  for (const id of batch.intents) {
    appendEvent(store, id, { kind: 'confirmed', value: { batch: batch.id, height } });
  }
  putChange(store, batch, height);
}

/** What becomes of a withdrawal whose batch can never be mined: what that had replaced may still pay it; else another batch will. */
function goOn(store: Store, withdrawal: Uint8Array, { id, status }: Batch): void {
  const sent = carriersOf(store, withdrawal).findLast((carrier) => carrier.status === 'broadcast');
  if (status === 'broadcast' && sent !== undefined) {
    appendEvent(store, withdrawal, { kind: 'broadcast', value: { batch: sent.id } });
    return;
  }
  const value = { batch: id, codes: ['CONFLICT'], notBefore: 0 };
  appendEvent(store, withdrawal, { kind: 'returned', value });
}

/** A mined transaction spends an input of this batch. Whatever it was to pay waits for another batch. */
function kill(store: Store, id: number, height: number): void {
  const batch = getBatch(store, id);
  if (['replaced', 'refused'].includes(batch.status)) return;
  if (batch.status === 'confirmed') throw new Error(`batch ${id} is mined, and so is a rival of it`);
  const unseen = batch.status === 'drafted' && !batch.exposed;
  setStatus(store, batch, unseen ? 'refused' : 'replaced');
  if (!unseen) store.db.run('UPDATE batches SET dead_height = ?, exposed = 1 WHERE id = ?', height, id);
  for (const withdrawal of intentsPointingAt(store, batch)) goOn(store, withdrawal, batch);
  for (const { vout } of batch.change) {
    for (const child of batchesSpending(store, { txid: batch.txid, vout })) kill(store, child.id, height);
    store.db.run('DELETE FROM coins WHERE txid = ? AND vout = ? AND height IS NULL', batch.txid, vout);
  }
}
