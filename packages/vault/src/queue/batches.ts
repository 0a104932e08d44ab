/**
 * The steps of a batch, each one transaction with a compare-and-set of the status before. What is sent is stored before
 * it is sent, and what came is stored before it is used, so a restart asks again under the same request id.
 */
import { equalBytes, toHex } from '@coldwire/protocol';
import type { Coin } from '@coldwire/wallet';
import type { PreparedDraft } from '../draft/prepare.ts';
import { takePlace } from './addresses.ts';
import {
  type Batch,
  carriersOf,
  findBatchByTxid,
  getBatch,
  type Peer,
  type Purpose,
  type Role,
  type Status,
} from './batch.ts';
import { findCoin, putCoin } from './coins.ts';
import { assertDraftable } from './draftable.ts';
import { tipHeight } from './take.ts';
import { ENDING, type WithdrawalEvent } from './withdrawal.ts';
import { appendEvent, type Store } from './withdrawals.ts';

export interface NewBatch {
  readonly prepared: PreparedDraft;
  readonly purpose: Purpose;
  /** The batch in flight that a bump or cancel replaces; null for the others. */
  readonly replaces: number | null;
  /** Confirmations after which a conflicting spend is final. */
  readonly burial: number;
}

/** Moves a batch on; throws when it is not where the caller believed. Inside a transaction. */
export function setStatus(store: Store, batch: Batch, status: Status): void {
  const sql = 'UPDATE batches SET status = ? WHERE id = ? AND status = ?';
  if (store.db.run(sql, status, batch.id, batch.status) !== 1)
    throw new Error('another writer changed the batch');
}

/** Whether the withdrawals themselves move with this batch, or stay with the one that it replaces. */
function leads(batch: { readonly purpose: Purpose }): boolean {
  return batch.purpose === 'payment' || batch.purpose === 'regroup';
}

function forEachIntent(store: Store, batch: Batch, event: WithdrawalEvent): void {
  for (const id of batch.intents) appendEvent(store, id, event);
}

/** Reserves the inputs and the change index and writes the draft. Returns the batch's id. */
export function recordDraft(store: Store, added: NewBatch): number {
  return store.db.transaction(() => {
    assertDraftable(store, added);
    const known = findBatchByTxid(store, added.prepared.txid);
    const id = known === undefined ? insertBatch(store, added) : reopenBatch(store, known, added);
    const kind = leads(added) ? 'drafted' : 'replacing';
    forEachIntent(store, getBatch(store, id), { kind, value: { batch: id } });
    return id;
  });
}

function insertBatch(store: Store, { prepared, purpose, replaces }: NewBatch): number {
  const { db } = store;
  const id = db.insert(
    `INSERT INTO batches (purpose, replaces, request, txid, fee, vsize, status, exposed, created_at)
      VALUES (?, ?, ?, ?, ?, ?, 'drafted', 0, ?)`,
    ...[purpose, replaces, prepared.request, prepared.txid, prepared.fee, prepared.vsize, store.now()],
  );
  for (const [txid, vout] of prepared.draft.inputs) {
    db.run('INSERT INTO batch_inputs (batch, txid, vout) VALUES (?, ?, ?)', id, txid, vout);
  }
  for (const [place, withdrawal] of prepared.intentIds.entries()) {
    db.run('INSERT INTO batch_intents (batch, place, withdrawal) VALUES (?, ?, ?)', id, place, withdrawal);
  }
  for (const [wallet, index, amount, vout] of prepared.draft.change) {
    db.run(
      'INSERT INTO batch_change (batch, vout, wallet, address_index, amount) VALUES (?, ?, ?, ?, ?)',
      ...[id, vout, wallet, index, amount],
    );
    takePlace(store, { wallet, chain: 1, index });
  }
  return id;
}

/** The very transaction was given up before: it is taken up again, with whatever verdicts come with it now. */
function reopenBatch(store: Store, known: Batch, { prepared }: NewBatch): number {
  if (known.status !== 'refused' && known.status !== 'abandoned') {
    throw new Error(`batch ${known.id} is this very transaction`);
  }
  setStatus(store, known, 'drafted');
  store.db.run('UPDATE batches SET request = ? WHERE id = ?', prepared.request, known.id);
  store.db.run('DELETE FROM batch_peers WHERE batch = ?', known.id);
  return known.id;
}

/**
 * Stores under which request id a signer or gate is asked, before it is asked. While an answer is due the stored id
 * stays in force, whatever `fresh` says; after a refusal the peer is asked anew under the fresh one.
 */
export function askPeer(store: Store, id: number, role: Role, name: string, fresh: Uint8Array): Uint8Array {
  return store.db.transaction(() => {
    const batch = getBatch(store, id);
    const wanted: readonly Status[] = role === 'gate' ? ['signed'] : ['drafted', 'signing', 'signed'];
    if (!wanted.includes(batch.status)) throw new Error(`batch ${id} is ${batch.status}`);
    const known = batch.peers.find((peer) => peer.role === role && peer.name === name);
    if (known !== undefined && known.answer !== 'refused') return known.requestId;
    store.db.run(
      `INSERT INTO batch_peers (batch, role, name, request_id, asked_at, codes) VALUES (?, ?, ?, ?, ?, '[]')
        ON CONFLICT (batch, role, name) DO UPDATE SET request_id = excluded.request_id,
          asked_at = excluded.asked_at, answer = NULL, message = NULL, codes = '[]'`,
      ...[id, role, name, fresh, store.now()],
    );
    if (role === 'gate') store.db.run('UPDATE batches SET offered = 1 WHERE id = ?', id);
    if (batch.status === 'drafted') {
      setStatus(store, batch, 'signing');
      if (leads(batch)) forEachIntent(store, batch, { kind: 'signing', value: { batch: id } });
    }
    return fresh;
  });
}

function answer(
  store: Store,
  id: number,
  peer: Pick<Peer, 'role' | 'name' | 'answer' | 'message' | 'codes'>,
): void {
  const { role, name, message, codes } = peer;
  const changed = store.db.run(
    `UPDATE batch_peers SET answer = ?, message = ?, codes = ? WHERE batch = ? AND role = ? AND name = ?
      AND (answer IS NULL OR (answer = 'done' AND message IS ?))`,
    ...[peer.answer, message, JSON.stringify(codes), id, role, name, message],
  );
  if (changed !== 1)
    throw new Error(`batch ${id} was not asked of ${role} ${name}, or answered otherwise before`);
}

/** Stores a signer's SIGNED message, exactly as it came. With the second one the batch is signed. */
export function recordSigned(store: Store, id: number, signer: string, message: Uint8Array): Batch {
  return store.db.transaction(() => {
    answer(store, id, { role: 'signer', name: signer, answer: 'done', message, codes: [] });
    const batch = getBatch(store, id);
    const signed = batch.peers.filter((peer) => peer.role === 'signer' && peer.answer === 'done');
    if (batch.status === 'signing' && signed.length >= 2) {
      setStatus(store, batch, 'signed');
      if (leads(batch)) forEachIntent(store, batch, { kind: 'signed', value: { batch: id } });
    }
    return getBatch(store, id);
  });
}

/**
 * What is stored of a signer that may have signed all the same: it has approved and could not hand its signatures on, or what it
 * handed on is not what was asked for. It remembers the transaction, so what pays the intents next must share a coin with it.
 */
const MAYBE_SIGNED: readonly string[] = ['INTERNAL', 'GATE_SIGNED'];

/** Stores a refusal. What follows from it (another peer, a wait, giving up) the caller decides. */
export function recordRefused(
  store: Store,
  id: number,
  role: Role,
  name: string,
  codes: readonly string[],
): Batch {
  return store.db.transaction(() => {
    answer(store, id, { role, name, answer: 'refused', message: null, codes });
    if (role === 'signer' && codes.some((code) => MAYBE_SIGNED.includes(code)))
      store.db.run('UPDATE batches SET exposed = 1 WHERE id = ?', id);
    return getBatch(store, id);
  });
}

/** Stores the gate's CLEARED message and the final transaction. */
export function recordCleared(
  store: Store,
  id: number,
  gate: string,
  cleared: { readonly message: Uint8Array; readonly txid: Uint8Array; readonly transaction: Uint8Array },
): Batch {
  return store.db.transaction(() => {
    const batch = getBatch(store, id);
    if (!equalBytes(batch.txid, cleared.txid))
      throw new Error(`the gate cleared another transaction than batch ${id}`);
    answer(store, id, { role: 'gate', name: gate, answer: 'done', message: cleared.message, codes: [] });
    if (batch.status !== 'signed') return getBatch(store, id);
    setStatus(store, batch, 'cleared');
    store.db.run('UPDATE batches SET transaction_bytes = ? WHERE id = ?', cleared.transaction, id);
    if (leads(batch)) forEachIntent(store, batch, { kind: 'cleared', value: { batch: id } });
    return getBatch(store, id);
  });
}

/** The node has it. Said again, after a restart or a rebroadcast, it changes nothing. */
export function recordBroadcast(store: Store, id: number): void {
  store.db.transaction(() => markBroadcast(store, getBatch(store, id)));
}

/** Inside a transaction. */
export function markBroadcast(store: Store, batch: Batch): void {
  if (batch.status === 'broadcast' || batch.status === 'confirmed') return;
  if (batch.status !== 'cleared') throw new Error(`batch ${batch.id} is ${batch.status}`);
  setStatus(store, batch, 'broadcast');
  forEachIntent(store, batch, { kind: 'broadcast', value: { batch: batch.id } });
  putChange(store, batch, null);
}

/** Our change outputs of a batch as coins. Inside a transaction. */
export function putChange(store: Store, batch: Batch, height: number | null): void {
  for (const { vout, wallet, index, amount } of batch.change) {
    const coin: Coin = { txid: batch.txid, vout, amount, wallet, chain: 1, index };
    if (height !== null || findCoin(store, coin) === undefined) {
      putCoin(store, coin, { height, coinbase: false, own: true });
    }
  }
}

export interface GivenUp {
  /** Withdrawals that nobody will ever sign or clear, with the codes that say so. What a gate could still broadcast ends later. */
  readonly refused: readonly { readonly id: Uint8Array; readonly codes: readonly string[] }[];
  /** Why the batch was given up; shown on the withdrawals that wait for another. */
  readonly codes: readonly string[];
  /** Height before which the others are not tried again; later where carriers of them may be signed (LONGEST_REDRAFT_WAIT). */
  readonly notBefore: number;
  /** Another height for some of them, by id (hexadecimal). */
  readonly waits?: ReadonlyMap<string, number>;
}

/**
 * Blocks that an intent waits at most between two drafts. Each draft that was given up and may be signed is one more carrier that
 * honest signers remember, of 64 in all ("Bounded spends"); while one signer is away and another refuses everything, each new draft
 * adds one, and in a day all withdrawals over these coins would be stuck. So the wait doubles: 64 carriers take some 56 days.
 */
const LONGEST_REDRAFT_WAIT = 144;

/**
 * Where nothing is wrong with the intent, and its life runs out meanwhile: a window is full, a machine is not fit, the node takes no
 * fee that is allowed. One carrier in so many blocks: the 64 last days, and only where one signer has approved what two refused.
 */
const LONGEST_HONEST_WAIT = 6;
const HONEST = [
  'AMOUNT_WINDOW',
  'COUNT_WINDOW',
  'FEE_WINDOW',
  'DESTINATION_WINDOW',
  'REQUESTER_WINDOW',
  'CLOCK_STALE',
  'FROZEN',
  'UNWITNESSED',
];

/**
 * Blocks before the next draft of an intent with so many living carriers, 1 at least: 0, 1, 3, 7 … 127, then the longest.
 * @param codes why the last one was given up; none: the node did not take it
 */
export function redraftWait(carriers: number, codes: readonly string[]): number {
  const isHonest = codes.every((code) => HONEST.includes(code));
  return Math.min(isHonest ? LONGEST_HONEST_WAIT : LONGEST_REDRAFT_WAIT, 2 ** (carriers - 1) - 1);
}

/** The height before which an intent is not drafted again once this batch, which may be signed, is given up. */
function redraftHeight(store: Store, withdrawal: Uint8Array, codes: readonly string[]): number {
  const living = carriersOf(store, withdrawal).filter(({ status }) => status !== 'replaced');
  return tipHeight(store) + redraftWait(living.length, codes);
}

/**
 * Gives up a batch that two signers or a gate will not pass. Its withdrawals end or wait for another batch: as long as asked, and
 * those of a batch that may be signed longer with each living carrier that they have. @throws Error when it is not under way
 */
export function giveUpBatch(store: Store, id: number, given: GivenUp): Batch {
  return store.db.transaction(() => {
    const batch = getBatch(store, id);
    if (!['drafted', 'signing', 'signed', 'cleared'].includes(batch.status)) {
      throw new Error(`batch ${id} is ${batch.status}`);
    }
    // Silence is no refusal: a signer that was asked and did not refuse may have signed.
    const asked = batch.peers.some((peer) => peer.role === 'signer' && peer.answer !== 'refused');
    const exposed = batch.exposed || asked;
    setStatus(store, batch, exposed ? 'abandoned' : 'refused');
    store.db.run('UPDATE batches SET exposed = ? WHERE id = ?', exposed ? 1 : 0, id);
    if (leads(batch)) {
      for (const withdrawal of batch.intents)
        appendEvent(store, withdrawal, afterBatch(store, id, withdrawal, given));
    }
    return getBatch(store, id);
  });
}

/** What becomes of an intent whose batch was just given up. */
function afterBatch(store: Store, id: number, withdrawal: Uint8Array, given: GivenUp): WithdrawalEvent {
  const ended = given.refused.find((one) => equalBytes(one.id, withdrawal));
  if (ended === undefined) {
    const asked = given.waits?.get(toHex(withdrawal)) ?? given.notBefore;
    const isExposed = getBatch(store, id).exposed;
    const notBefore = isExposed ? Math.max(asked, redraftHeight(store, withdrawal, given.codes)) : asked;
    return { kind: 'returned', value: { batch: id, codes: given.codes, notBefore } };
  }
  if (carriersOf(store, withdrawal).some(({ offered }) => offered)) {
    return { kind: 'returned', value: { batch: id, codes: ended.codes, notBefore: ENDING } };
  }
  return { kind: 'refused', value: { batch: id, codes: ended.codes } };
}
