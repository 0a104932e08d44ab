/**
 * Our coins as the chain shows them, which signers have admitted them, and which batch holds them.
 * A coin is reserved by every batch that may still be signed or mined; nothing else marks it, so nothing can disagree.
 */
import { COIN_LEAST } from '@coldwire/policy';
import type { Coin, Outpoint } from '@coldwire/wallet';
import { type Row, readBytes, readNumber, readSats } from './columns.ts';
import type { Store } from './withdrawals.ts';

/** Statuses of batches that hold their inputs. An abandoned one does: a signer may have signed it. */
export const HOLDING = `('drafted', 'signing', 'signed', 'cleared', 'broadcast', 'abandoned')`;

const COINBASE_DEPTH = 100;

export function readCoin(row: Row): Coin {
  const chain = readNumber(row, 'chain');
  if (chain !== 0 && chain !== 1) throw new Error(`a coin on chain ${chain}`);
  return {
    txid: readBytes(row, 'txid'),
    vout: readNumber(row, 'vout'),
    amount: readSats(row, 'amount'),
    wallet: readNumber(row, 'wallet'),
    chain,
    index: readNumber(row, 'address_index'),
  };
}

export interface CoinChoice {
  /** Also our own change that is not mined yet. A coin from elsewhere is never taken unconfirmed. */
  readonly unconfirmedChange: boolean;
  /** Only coins that all of these have admitted. */
  readonly admittedBy: readonly string[];
}

/** Change of a payment that was replaced since: most likely it will never be a coin. */
const IS_OUTBID = `EXISTS (SELECT 1 FROM batches p JOIN batch_inputs pi ON pi.batch = p.id
  JOIN batch_inputs ri ON ri.txid = pi.txid AND ri.vout = pi.vout JOIN batches r ON r.id = ri.batch
  WHERE p.txid = c.txid AND r.id > p.id AND r.status = 'broadcast')`;

/** Coins that a new batch may spend. Smaller ones than signers admit are left alone, for ever. */
export function spendableCoins(store: Store, choice: CoinChoice): readonly Coin[] {
  const tip = store.db.get('SELECT max(height) AS height FROM blocks')?.['height'] ?? 0n;
  const coins = store.db
    .all(
      `SELECT c.* FROM coins c WHERE spent_by IS NULL AND amount >= ${COIN_LEAST}
        AND (height IS NOT NULL OR (own = 1 AND ?1 = 1))
        AND (height IS NOT NULL OR NOT ${IS_OUTBID})
        AND (coinbase = 0 OR height + ${COINBASE_DEPTH} <= ?2)
        AND NOT EXISTS (SELECT 1 FROM batch_inputs i JOIN batches b ON b.id = i.batch
          WHERE i.txid = c.txid AND i.vout = c.vout AND b.status IN ${HOLDING})
        ORDER BY txid, vout`,
      ...[choice.unconfirmedChange ? 1 : 0, tip],
    )
    .map(readCoin);
  return coins.filter((coin) => choice.admittedBy.every((signer) => isAdmitted(store, signer, coin)));
}

/** Coins that this signer has not admitted yet and may be asked to sign: the mined ones and our own change. */
export function coinsToAdmit(store: Store, signer: string, limit: number): readonly Coin[] {
  return store.db
    .all(
      `SELECT c.* FROM coins c WHERE spent_height IS NULL AND amount >= ${COIN_LEAST}
        AND (height IS NOT NULL OR own = 1) AND NOT EXISTS
        (SELECT 1 FROM admissions a WHERE a.signer = ? AND a.txid = c.txid AND a.vout = c.vout)
        ORDER BY height IS NULL, height, txid, vout LIMIT ?`,
      ...[signer, limit],
    )
    .map(readCoin);
}

export function isAdmitted(store: Store, signer: string, { txid, vout }: Outpoint): boolean {
  const sql = 'SELECT 1 FROM admissions WHERE signer = ? AND txid = ? AND vout = ?';
  return store.db.get(sql, signer, txid, vout) !== undefined;
}

export function recordAdmitted(store: Store, signer: string, outpoints: readonly Outpoint[]): void {
  store.db.transaction(() => {
    for (const { txid, vout } of outpoints) {
      store.db.run(
        'INSERT OR IGNORE INTO admissions (signer, txid, vout) VALUES (?, ?, ?)',
        signer,
        txid,
        vout,
      );
    }
  });
}

/** After a signer refused a coin as UNKNOWN_OUTPOINT: it is offered to it again. */
export function forgetAdmitted(store: Store, signer: string, outpoints: readonly Outpoint[]): void {
  store.db.transaction(() => {
    for (const { txid, vout } of outpoints) {
      store.db.run('DELETE FROM admissions WHERE signer = ? AND txid = ? AND vout = ?', signer, txid, vout);
    }
  });
}

export function findCoin(store: Store, { txid, vout }: Outpoint): Coin | undefined {
  const row = store.db.get('SELECT * FROM coins WHERE txid = ? AND vout = ?', txid, vout);
  return row === undefined ? undefined : readCoin(row);
}

/** A deposit that a reorganization took away. */
export function isVanished(store: Store, { txid, vout }: Outpoint): boolean {
  const sql = 'SELECT 1 FROM coins WHERE txid = ? AND vout = ? AND height IS NULL AND own = 0';
  return store.db.get(sql, txid, vout) !== undefined;
}

export function isSpentInBlock(store: Store, { txid, vout }: Outpoint): boolean {
  const sql = 'SELECT 1 FROM coins WHERE txid = ? AND vout = ? AND spent_height IS NOT NULL';
  return store.db.get(sql, txid, vout) !== undefined;
}

/** Adds a coin, or tells of one that it is mined now (or, with null, in flight). Inside a transaction. */
export function putCoin(
  store: Store,
  coin: Coin,
  seen: { readonly height: number | null; readonly coinbase: boolean; readonly own: boolean },
): void {
  store.db.run(
    `INSERT INTO coins (txid, vout, amount, wallet, chain, address_index, height, coinbase, own)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (txid, vout) DO UPDATE SET height = excluded.height, own = max(own, excluded.own)`,
    ...[coin.txid, coin.vout, coin.amount, coin.wallet, coin.chain, coin.index],
    ...[seen.height, seen.coinbase ? 1 : 0, seen.own ? 1 : 0],
  );
}

/** Sums in sat: what is mined and unspent, what of it batches hold, and what is still on its way to us. */
export interface Balance {
  readonly confirmed: bigint;
  readonly reserved: bigint;
  readonly unconfirmed: bigint;
  readonly coins: number;
}

/** Of coins that can be spent: not of those that no signer admits. */
export function balanceOf(store: Store): Balance {
  const row = store.db.get(
    `SELECT count(*) AS coins, coalesce(sum(iif(height IS NOT NULL, amount, 0)), 0) AS confirmed,
      coalesce(sum(iif(height IS NULL, amount, 0)), 0) AS unconfirmed,
      coalesce(sum(iif(EXISTS (SELECT 1 FROM batch_inputs i JOIN batches b ON b.id = i.batch
        WHERE i.txid = c.txid AND i.vout = c.vout AND b.status IN ${HOLDING}), amount, 0)), 0) AS reserved
      FROM coins c WHERE spent_by IS NULL AND amount >= ${COIN_LEAST}`,
  );
  if (row === undefined) throw new Error('a sum without a row');
  return {
    confirmed: readSats(row, 'confirmed'),
    reserved: readSats(row, 'reserved'),
    unconfirmed: readSats(row, 'unconfirmed'),
    coins: readNumber(row, 'coins'),
  };
}
