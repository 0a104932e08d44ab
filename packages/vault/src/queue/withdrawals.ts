/**
 * The stored withdrawals: taking intents in, appending events, and reading. Every row is written through the fold of
 * its events, with a compare-and-set of the state it had.
 */
import { decode, equalBytes, type SignedIntent } from '@coldwire/protocol';
import {
  type Row,
  readBytes,
  readCodes,
  readNullable,
  readNumber,
  readSats,
  readText,
  readWord,
} from './columns.ts';
import type { Database } from './database.ts';
import {
  applyEvent,
  encodeEvent,
  STATES,
  type State,
  type Withdrawal,
  WithdrawalEvent,
} from './withdrawal.ts';

/** Where steps are written, and the clock they carry (ms since 1970). */
export interface Store {
  readonly db: Database;
  readonly now: () => number;
}

export type Submission =
  | { readonly kind: 'created' | 'known'; readonly withdrawal: Withdrawal }
  /** The id came before with other bytes. */
  | { readonly kind: 'reused'; readonly code: 'INTENT_REUSED' };

/** Takes an intent whose form, signature and life the caller has checked. Its id makes a repetition harmless. */
export function submitIntent(store: Store, [intent, signature]: SignedIntent): Submission {
  return store.db.transaction(() => {
    const received = { kind: 'received', value: { intent, signature } } as const;
    const fresh = applyEvent(undefined, received);
    const known = findWithdrawal(store, fresh.id);
    if (known !== undefined) {
      // Ed25519 signatures of one key and message are unique, but a requester may have several keys.
      const same = equalBytes(known.intent, intent);
      return same ? { kind: 'known', withdrawal: known } : { kind: 'reused', code: 'INTENT_REUSED' };
    }
    store.db.run(
      `INSERT INTO withdrawals (id, intent, signature, requester, amount, script, created, expires, state, codes,
        batch, height, not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[
        fresh.id,
        intent,
        signature,
        fresh.requester,
        fresh.amount,
        fresh.script,
        fresh.created,
        fresh.expires,
      ],
      ...[fresh.state, JSON.stringify(fresh.codes), fresh.batch, fresh.height, fresh.notBefore],
    );
    insertEvent(store, fresh.id, received);
    return { kind: 'created', withdrawal: fresh };
  });
}

function insertEvent(store: Store, id: Uint8Array, event: WithdrawalEvent): void {
  store.db.run(
    'INSERT INTO events (withdrawal, at, kind, event) VALUES (?, ?, ?, ?)',
    ...[id, store.now(), event.kind, encodeEvent(event)],
  );
}

/** Appends one event and brings the row up to date. Inside a transaction. */
export function appendEvent(store: Store, id: Uint8Array, event: WithdrawalEvent): Withdrawal {
  const before = findWithdrawal(store, id);
  if (before === undefined) throw new Error('an event for a withdrawal that does not exist');
  const after = applyEvent(before, event);
  const changed = store.db.run(
    `UPDATE withdrawals SET state = ?, codes = ?, batch = ?, height = ?, not_before = ?
      WHERE id = ? AND state = ? AND batch IS ?`,
    ...[after.state, JSON.stringify(after.codes), after.batch, after.height, after.notBefore],
    ...[id, before.state, before.batch],
  );
  if (changed !== 1) throw new Error('another writer changed the withdrawal');
  insertEvent(store, id, event);
  return after;
}

export function readWithdrawal(row: Row): Withdrawal {
  return {
    id: readBytes(row, 'id'),
    intent: readBytes(row, 'intent'),
    signature: readBytes(row, 'signature'),
    requester: readText(row, 'requester'),
    amount: readSats(row, 'amount'),
    script: readBytes(row, 'script'),
    created: readNumber(row, 'created'),
    expires: readNumber(row, 'expires'),
    state: readWord(row, 'state', STATES),
    codes: readCodes(row, 'codes'),
    batch: readNullable(row, 'batch', readNumber),
    height: readNullable(row, 'height', readNumber),
    notBefore: readNumber(row, 'not_before'),
  };
}

export function findWithdrawal(store: Store, id: Uint8Array): Withdrawal | undefined {
  const row = store.db.get('SELECT * FROM withdrawals WHERE id = ?', id);
  return row === undefined ? undefined : readWithdrawal(row);
}

/** Which withdrawals to list: of one state or all, in the order of arrival, after a given one. */
export interface Page {
  readonly state: State | null;
  readonly after: Uint8Array | null;
  readonly limit: number;
}

export function listWithdrawals(store: Store, { state, after, limit }: Page): readonly Withdrawal[] {
  return store.db
    .all(
      `SELECT w.* FROM withdrawals w WHERE (?1 IS NULL OR state = ?1)
        AND rowid > coalesce((SELECT rowid FROM withdrawals WHERE id = ?2), 0) ORDER BY rowid LIMIT ?3`,
      ...[state, after, limit],
    )
    .map(readWithdrawal);
}

/** The oldest intents that no screen has decided, for one question to a screen. */
export function nextToScreen(store: Store, limit: number): readonly Withdrawal[] {
  return listWithdrawals(store, { state: 'received', after: null, limit });
}

/** What a screen said about one intent. */
export type Decision =
  | { readonly kind: 'cleared'; readonly id: Uint8Array }
  | { readonly kind: 'held'; readonly id: Uint8Array; readonly codes: readonly string[] };

/** Writes a screen's decisions. A decision for an intent that is no longer waiting for one changes nothing. */
export function recordVerdict(
  store: Store,
  verdict: { readonly screen: string; readonly issued: number; readonly decisions: readonly Decision[] },
): void {
  const { screen, issued, decisions } = verdict;
  store.db.transaction(() => {
    for (const decision of decisions) {
      const before = findWithdrawal(store, decision.id);
      if (before === undefined || (before.state !== 'received' && before.state !== 'held')) continue;
      if (decision.kind === 'cleared') {
        appendEvent(store, decision.id, { kind: 'screened', value: { screen, issued } });
        appendEvent(store, decision.id, { kind: 'approved', value: {} });
      } else if (before.state === 'received' || before.codes.join() !== decision.codes.join()) {
        appendEvent(store, decision.id, { kind: 'held', value: { screen, codes: decision.codes } });
      }
    }
  });
}

/** Holds an approved withdrawal again: what let it pass is there no more. */
export function holdWithdrawal(store: Store, id: Uint8Array, codes: readonly string[]): void {
  store.db.transaction(() => {
    appendEvent(store, id, { kind: 'held', value: { screen: 'vault', codes } });
  });
}

/** Ends a withdrawal that no signer will ever sign, unless it is in a batch. */
export function refuseWithdrawal(store: Store, id: Uint8Array, codes: readonly string[]): void {
  store.db.transaction(() => {
    appendEvent(store, id, { kind: 'refused', value: { batch: null, codes } });
  });
}

/**
 * Ends every withdrawal whose life is over before any signer can have seen it. One that some transaction carries stays:
 * who has signed it once signs its replacements after its end as well.
 */
export function expireWithdrawals(store: Store, height: number): number {
  return store.db.transaction(() => {
    const rows = store.db.all(
      `SELECT id FROM withdrawals w WHERE state IN ('received', 'held', 'approved') AND expires < ?
        AND NOT EXISTS (SELECT 1 FROM batch_intents i JOIN batches b ON b.id = i.batch
          WHERE i.withdrawal = w.id AND b.status != 'refused')`,
      height,
    );
    for (const row of rows) appendEvent(store, readBytes(row, 'id'), { kind: 'expired', value: { height } });
    return rows.length;
  });
}

export interface HistoryEntry {
  readonly seq: number;
  /** ms since 1970 */
  readonly at: number;
  readonly event: WithdrawalEvent;
}

function readEvent(row: Row): WithdrawalEvent {
  const decoded = decode(WithdrawalEvent, readBytes(row, 'event'));
  if (!decoded.ok) throw new Error(`event ${readNumber(row, 'seq')} is damaged: ${decoded.fault.detail}`);
  return decoded.value;
}

/** Everything that happened to a withdrawal, oldest first. */
export function historyOf(store: Store, id: Uint8Array): readonly HistoryEntry[] {
  return store.db
    .all('SELECT seq, at, event FROM events WHERE withdrawal = ? ORDER BY seq', id)
    .map((row) => ({ seq: readNumber(row, 'seq'), at: readNumber(row, 'at'), event: readEvent(row) }));
}

/** Folds all events anew: what the rows must be equal to. */
export function rebuildWithdrawals(store: Store): readonly Withdrawal[] {
  const rebuilt = new Map<string, Withdrawal>();
  for (const row of store.db.all('SELECT seq, withdrawal, event FROM events ORDER BY seq')) {
    const key = Buffer.from(readBytes(row, 'withdrawal')).toString('hex');
    rebuilt.set(key, applyEvent(rebuilt.get(key), readEvent(row)));
  }
  return [...rebuilt.values()];
}
