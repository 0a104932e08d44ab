/**
 * Chooses the next batch: the oldest approved withdrawals up to the caps, and the coins that it must spend so that it
 * conflicts with every earlier transaction that carries one of them (P5, rule CONFLICT). Writes nothing.
 */
import { toHex } from '@coldwire/protocol';
import { type Coin, equalOutpoints, type Outpoint, outpointKey } from '@coldwire/wallet';
import { type Batch, batchesSpending, carriersOf } from './batch.ts';
import { isVanished, readCoin } from './coins.ts';
import { readNumber } from './columns.ts';
import type { Withdrawal } from './withdrawal.ts';
import { readWithdrawal, type Store } from './withdrawals.ts';

/** Withdrawals read at a time. */
const PAGE = 256;

export interface TakeCaps {
  readonly maxIntents: number;
  /** sat paid by one transaction */
  readonly amountPerTransaction: bigint;
  /** Confirmations after which a conflicting spend is final. */
  readonly burial: number;
  /** Whether a withdrawal may be in this batch: those of one home gate, and none that was found impossible just now. */
  readonly accepts?: (withdrawal: Withdrawal) => boolean;
  /** Asked last: whether there is room for it beside those that are taken. What it says yes to is taken. */
  readonly fits?: (withdrawal: Withdrawal, isCarried: boolean) => boolean;
  /** Those that a transaction carries come before the others, the one that has waited longest since it was tried first. */
  readonly carriedFirst?: boolean;
}

export interface Take {
  readonly withdrawals: readonly Withdrawal[];
  readonly required: readonly Coin[];
  /** Earlier transactions that can never be mined any more: signers that signed them want a DEAD proof first. */
  readonly dead: readonly Uint8Array[];
}

export function tipHeight(store: Store): number {
  const row = store.db.get('SELECT max(height) AS height FROM blocks');
  return row === undefined || row['height'] === null ? 0 : readNumber(row, 'height');
}

/** Whether a mined transaction that spends one of its inputs is so deep that this one can never be mined. */
export function isBuried(batch: Batch, tip: number, burial: number): boolean {
  return batch.status === 'replaced' && batch.deadHeight !== null && tip - batch.deadHeight + 1 >= burial;
}

/** Fewer than `maxIntents` withdrawals, or none, when no more fit now. Arrival decides, not the size, unless `carriedFirst`. */
export function takeBatch(store: Store, caps: TakeCaps): Take {
  const tip = tipHeight(store);
  const taken: Withdrawal[] = [];
  const required = new Map<string, Coin>();
  const dead = new Map<string, Uint8Array>();
  let amount = 0n;
  for (const withdrawal of caps.carriedFirst === true ? carriedFirst(store, tip) : approved(store, tip)) {
    if (taken.length >= caps.maxIntents) break;
    if (caps.accepts?.(withdrawal) === false) continue;
    if (amount + withdrawal.amount > caps.amountPerTransaction) continue;
    const carriers = carriersOf(store, withdrawal.id);
    const alive = carriers.filter((carrier) => !isBuried(carrier, tip, caps.burial));
    const conflicts = conflictsWith(store, alive, required);
    if (conflicts === undefined || caps.fits?.(withdrawal, carriers.length > 0) === false) continue;
    for (const coin of conflicts) required.set(outpointKey(coin), coin);
    for (const carrier of carriers) {
      if (!alive.includes(carrier)) dead.set(outpointKey({ txid: carrier.txid, vout: 0 }), carrier.txid);
    }
    amount += withdrawal.amount;
    taken.push(withdrawal);
  }
  return { withdrawals: taken, required: [...required.values()], dead: [...dead.values()] };
}

/** What may be drafted at this height, oldest first. */
function* approved(store: Store, tip: number): Generator<Withdrawal> {
  const sql = `SELECT rowid AS place, * FROM withdrawals
    WHERE state = 'approved' AND not_before <= ? AND rowid > ? ORDER BY rowid LIMIT ${PAGE}`;
  for (let after = 0; ; ) {
    const rows = store.db.all(sql, tip, after);
    yield* rows.map(readWithdrawal);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = readNumber(last, 'place');
  }
}

/** The same, those with a carrier first. */
function* carriedFirst(store: Store, tip: number): Generator<Withdrawal> {
  const rows = store.db.all(
    `SELECT * FROM withdrawals w WHERE state = 'approved' AND not_before <= ? AND EXISTS
      (SELECT 1 FROM batch_intents i JOIN batches b ON b.id = i.batch
        WHERE i.withdrawal = w.id AND b.status != 'refused') ORDER BY not_before, rowid`,
    tip,
  );
  const carried = rows.map(readWithdrawal);
  yield* carried;
  const ids = new Set(carried.map(({ id }) => toHex(id)));
  for (const withdrawal of approved(store, tip)) if (!ids.has(toHex(withdrawal.id))) yield withdrawal;
}

/** A spendable input of each carrier; `undefined` while one has none: then its withdrawal waits for a burial. */
function conflictsWith(
  store: Store,
  carriers: readonly Batch[],
  chosen: ReadonlyMap<string, Coin>,
): readonly Coin[] | undefined {
  const found: Coin[] = [];
  for (const carrier of carriers) {
    const already = (input: Outpoint): boolean =>
      chosen.has(outpointKey(input)) || found.some((coin) => equalOutpoints(coin, input));
    if (carrier.inputs.some(already)) continue;
    const coin = carrier.inputs
      .map((input) => unspentOf(store, input, carriers))
      .find((free) => free !== undefined);
    if (coin === undefined) return undefined;
    found.push(coin);
  }
  return found;
}

/** The coin, if it is there, nothing mined has spent it and only given-up transactions of the same withdrawal hold it. */
function unspentOf(store: Store, input: Outpoint, carriers: readonly Batch[]): Coin | undefined {
  const row = store.db.get(
    'SELECT * FROM coins WHERE txid = ? AND vout = ? AND spent_height IS NULL',
    ...[input.txid, input.vout],
  );
  if (row === undefined || isVanished(store, input)) return undefined;
  const held = batchesSpending(store, input).some(
    ({ id, status }) =>
      !['refused', 'replaced', 'confirmed'].includes(status) &&
      !(status === 'abandoned' && carriers.some((carrier) => carrier.id === id)),
  );
  return held ? undefined : readCoin(row);
}
