/**
 * Transactions that can never be mined any more: what signers said of them, and which gates were shown that. Both are kept: signers
 * forget such a transaction one day, and a gate may be away for longer.
 */
import { type Batch, getBatch } from './batch.ts';
import { readBytes, readNumber, readText } from './columns.ts';
import { isBuried, tipHeight } from './take.ts';
import type { Store } from './withdrawals.ts';

/** The whole DEATH message of a signer, exactly as it came. */
export interface StoredDeath {
  readonly signer: string;
  readonly message: Uint8Array;
}

export function recordDeath({ db }: Store, batch: number, signer: string, message: Uint8Array): void {
  const sql = `INSERT INTO deaths (batch, signer, message) VALUES (?, ?, ?)
    ON CONFLICT (batch, signer) DO UPDATE SET message = excluded.message`;
  db.run(sql, batch, signer, message);
}

export function deathsOf({ db }: Store, batch: number): readonly StoredDeath[] {
  return db
    .all('SELECT signer, message FROM deaths WHERE batch = ? ORDER BY signer', batch)
    .map((row) => ({ signer: readText(row, 'signer'), message: readBytes(row, 'message') }));
}

export function recordBurial({ db }: Store, batch: number, gate: string): void {
  db.run('INSERT OR IGNORE INTO burials (batch, gate) VALUES (?, ?)', batch, gate);
}

export function forgetBurial({ db }: Store, batch: number, gate: string): void {
  db.run('DELETE FROM burials WHERE batch = ? AND gate = ?', batch, gate);
}

export function isBuriedAt({ db }: Store, batch: number, gate: string): boolean {
  return db.get('SELECT 1 FROM burials WHERE batch = ? AND gate = ?', batch, gate) !== undefined;
}

/**
 * Batches that a gate may have cleared, that can never be mined, and of which this gate was not told: those with an intent that
 * nothing has paid. @param burial confirmations after which a conflicting spend is final
 */
export function carriersToBury(store: Store, gate: string, burial: number): readonly Batch[] {
  const tip = tipHeight(store);
  return store.db
    .all(
      `SELECT id FROM batches b WHERE status = 'replaced' AND offered = 1
        AND NOT EXISTS (SELECT 1 FROM burials u WHERE u.batch = b.id AND u.gate = ?)
        AND EXISTS (SELECT 1 FROM batch_intents i JOIN withdrawals w ON w.id = i.withdrawal
          WHERE i.batch = b.id AND w.state NOT IN ('confirmed', 'refused', 'expired')) ORDER BY id`,
      gate,
    )
    .map((row) => getBatch(store, readNumber(row, 'id')))
    .filter((batch) => isBuried(batch, tip, burial));
}
