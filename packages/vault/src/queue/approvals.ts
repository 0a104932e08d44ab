/**
 * Approvals as people handed them in: one of each approver for a withdrawal, the one that holds longest. What counts is judged
 * anew by every signer and gate. Nothing here verifies.
 */
import type { Approval } from '@coldwire/protocol';
import { type Row, readBytes, readNullable, readNumber, readText } from './columns.ts';
import type { Store } from './withdrawals.ts';

/** An approval of one withdrawal, wherever that will stand in a draft. */
export type StoredApproval = Omit<Approval, 'place'>;

function readApproval(row: Row): StoredApproval {
  const flags = readNullable(row, 'flags', readNumber);
  const counter = readNullable(row, 'counter', readNumber);
  return {
    approver: readText(row, 'approver'),
    expires: readNumber(row, 'expires'),
    signature: readBytes(row, 'signature'),
    touch: flags === null || counter === null ? null : { flags, counter },
  };
}

/** In the order of the approvers' names, so that a draft is the same however they came in. */
export function approvalsOf({ db }: Store, withdrawal: Uint8Array): readonly StoredApproval[] {
  return db
    .all('SELECT * FROM approvals WHERE withdrawal = ? ORDER BY approver', withdrawal)
    .map(readApproval);
}

/** Keeps the approval unless one of the same person that holds longer is there. @returns whether it was kept */
export function putApproval(store: Store, withdrawal: Uint8Array, approval: StoredApproval): boolean {
  const { approver, expires, signature, touch } = approval;
  const kept = store.db.run(
    `INSERT INTO approvals (withdrawal, approver, expires, signature, flags, counter, at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (withdrawal, approver) DO UPDATE SET expires = excluded.expires, signature = excluded.signature,
        flags = excluded.flags, counter = excluded.counter, at = excluded.at WHERE excluded.expires > approvals.expires`,
    ...[withdrawal, approver, expires, signature, touch?.flags ?? null, touch?.counter ?? null, store.now()],
  );
  return kept === 1;
}
