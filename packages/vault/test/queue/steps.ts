/** The steps of the serve loop, in short, for tests of the queue. */

import { randomBytes } from 'node:crypto';
import type { Outpoint } from '@coldwire/wallet';
import {
  askPeer,
  type Batch,
  getBatch,
  recordBroadcast,
  recordChainEvents,
  recordCleared,
  recordDraft,
  recordSigned,
  recordVerdict,
  type Store,
  submitIntent,
  tipHeight,
} from '../../src/queue/index.ts';
import { draftNext, fill, hashAt, idOf, makeIntent } from '../fixture.ts';

export function approve(store: Store, ...seeds: readonly number[]): void {
  for (const seed of seeds) submitIntent(store, makeIntent({ seed }));
  const decisions = seeds.map((seed) => ({ kind: 'cleared', id: idOf(seed) }) as const);
  recordVerdict(store, { screen: 'screen1', issued: 100, decisions });
}

export function draft(store: Store): number {
  const prepared = draftNext(store);
  return recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
}

export function sign(store: Store, id: number, signers: readonly string[] = ['A', 'B']): void {
  for (const signer of signers) {
    askPeer(store, id, 'signer', signer, new Uint8Array(randomBytes(16)));
    recordSigned(store, id, signer, fill(signer.charCodeAt(0), 40));
  }
}

export function clear(store: Store, id: number): void {
  askPeer(store, id, 'gate', 'gate1', new Uint8Array(randomBytes(16)));
  const { txid } = getBatch(store, id);
  recordCleared(store, id, 'gate1', { message: fill(1, 30), txid, transaction: fill(2, 100) });
}

export function send(store: Store, id: number): void {
  sign(store, id);
  clear(store, id);
  recordBroadcast(store, id);
}

/** Mines a block with these transactions. */
export function mine(
  store: Store,
  transactions: readonly { readonly txid: Uint8Array; readonly inputs: readonly Outpoint[] }[],
  branch = 0,
): number {
  const height = tipHeight(store) + 1;
  recordChainEvents(store, [
    { kind: 'connected', height, hash: hashAt(height, branch) },
    ...transactions.flatMap(({ txid, inputs }) =>
      inputs.map((outpoint) => ({ kind: 'spent', outpoint, by: txid, height }) as const),
    ),
  ]);
  return height;
}

export function unmine(store: Store, branch = 0): void {
  const height = tipHeight(store);
  recordChainEvents(store, [{ kind: 'disconnected', height, hash: hashAt(height, branch) }]);
}

export function statusOf(store: Store, id: number): Batch['status'] {
  return getBatch(store, id).status;
}
