/** Destinations that requesters registered, and which signer was shown which. Nothing here verifies. */
import type { Register } from '@coldwire/protocol';
import { readBytes, readText } from './columns.ts';
import type { Store } from './withdrawals.ts';

export interface StoredRegistration extends Register {
  readonly requester: string;
  readonly script: Uint8Array;
}

/** @returns whether it is new */
export function putRegistration(store: Store, row: StoredRegistration): boolean {
  const { requester, script, registration, signature } = row;
  const sql = `INSERT INTO registrations (requester, script, registration, signature, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (requester, script) DO NOTHING`;
  return store.db.run(sql, requester, script, registration, signature, store.now()) === 1;
}

export function isRegistered({ db }: Store, requester: string, script: Uint8Array): boolean {
  return (
    db.get('SELECT 1 FROM registrations WHERE requester = ? AND script = ?', requester, script) !== undefined
  );
}

/** What this signer was not shown yet, oldest first. */
export function registrationsFor(
  { db }: Store,
  signer: string,
  limit: number,
): readonly StoredRegistration[] {
  return db
    .all(
      `SELECT * FROM registrations r WHERE NOT EXISTS (SELECT 1 FROM registered d
        WHERE d.signer = ? AND d.requester = r.requester AND d.script = r.script) ORDER BY r.rowid LIMIT ?`,
      ...[signer, limit],
    )
    .map((row) => ({
      requester: readText(row, 'requester'),
      script: readBytes(row, 'script'),
      registration: readBytes(row, 'registration'),
      signature: readBytes(row, 'signature'),
    }));
}

export function recordRegistered({ db }: Store, signer: string, row: StoredRegistration): void {
  const sql = 'INSERT OR IGNORE INTO registered (signer, requester, script) VALUES (?, ?, ?)';
  db.run(sql, signer, row.requester, row.script);
}

/** The signer does not know it, whatever was noted: it is shown again. */
export function forgetRegistered({ db }: Store, signer: string, requester: string, script: Uint8Array): void {
  db.run(
    'DELETE FROM registered WHERE signer = ? AND requester = ? AND script = ?',
    signer,
    requester,
    script,
  );
}
