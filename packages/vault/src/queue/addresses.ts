/**
 * Which indexes of which chain were handed out: 0 receives, 1 is change.
 * A change index may run at most `gap` ahead of the highest one that is mined, because signers refuse more (PATH_RANGE);
 * when they are used up, the newest one serves again.
 */
import type { Chain } from '@coldwire/wallet';
import { readNullable, readNumber } from './columns.ts';
import type { Store } from './withdrawals.ts';

export interface Place {
  readonly wallet: number;
  readonly chain: Chain;
  readonly index: number;
}

function highest(store: Store, wallet: number, chain: Chain): number {
  const sql = 'SELECT max(address_index) AS top FROM addresses WHERE wallet = ? AND chain = ?';
  const row = store.db.get(sql, wallet, chain);
  return row === undefined ? -1 : (readNullable(row, 'top', readNumber) ?? -1);
}

/** Hands out the next receiving index; `undefined` when all below `limit` are out. On disk before it returns. */
export function nextReceiving(store: Store, wallet: number, limit: number): Place | undefined {
  return store.db.transaction(() => {
    const index = highest(store, wallet, 0) + 1;
    if (index >= limit) return undefined;
    const place = { wallet, chain: 0, index } as const;
    takePlace(store, place);
    return place;
  });
}

/** The index that the next draft's change goes to. It is taken when the draft is recorded, not before. */
export function nextChange(store: Store, wallet: number, gap: number): number {
  const sql =
    'SELECT max(address_index) AS top FROM coins WHERE wallet = ? AND chain = 1 AND height IS NOT NULL';
  const row = store.db.get(sql, wallet);
  const mined = row === undefined ? -1 : (readNullable(row, 'top', readNumber) ?? -1);
  return Math.max(0, Math.min(highest(store, wallet, 1) + 1, mined + gap));
}

/** Inside a transaction. */
export function takePlace(store: Store, { wallet, chain, index }: Place): void {
  store.db.run(
    'INSERT OR IGNORE INTO addresses (wallet, chain, address_index, at) VALUES (?, ?, ?, ?)',
    ...[wallet, chain, index, store.now()],
  );
}

/** Everything handed out: what the chain is watched for. */
export function listPlaces(store: Store): readonly Place[] {
  return store.db
    .all('SELECT wallet, chain, address_index FROM addresses ORDER BY wallet, chain, address_index')
    .map((row) => ({
      wallet: readNumber(row, 'wallet'),
      chain: readNumber(row, 'chain') === 0 ? 0 : 1,
      index: readNumber(row, 'address_index'),
    }));
}
