/**
 * The screen's memory: every intent that a requester signed, what was decided, and the releases by operators, in one
 * SQLite file with synchronous FULL. Rows are never changed or deleted.
 * `release` runs in another process than the server, so each waits for the other's lock for a moment.
 */
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { EXIT, Failure } from '@coldwire/program';
import type { Decision, History, NewDecision } from '../decide.ts';
import { explainSqliteError } from './sqlite-failure.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS decisions (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    requester TEXT NOT NULL,
    amount INTEGER NOT NULL,
    script BLOB NOT NULL,
    address TEXT NOT NULL,
    look TEXT NOT NULL,
    at INTEGER NOT NULL,
    codes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS decisions_requester ON decisions (requester, at);
  CREATE INDEX IF NOT EXISTS decisions_script ON decisions (script);
  CREATE INDEX IF NOT EXISTS decisions_look ON decisions (look);
  CREATE TABLE IF NOT EXISTS releases (
    id BLOB PRIMARY KEY REFERENCES decisions (id),
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER IF NOT EXISTS decisions_fixed BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
  CREATE TRIGGER IF NOT EXISTS decisions_kept BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
  PRAGMA user_version = 1;
`;
const VERSION = 1n;
const BUSY_MS = 2000;
const CLEARED = `(codes = '[]' OR EXISTS (SELECT 1 FROM releases r WHERE r.id = d.id))`;

export interface HeldIntent {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly requester: string;
  readonly amount: bigint;
  readonly address: string;
  readonly codes: readonly string[];
}

export type Release = 'released' | 'already-released' | 'not-held' | 'unknown';

export interface HistoryFile extends History {
  /** Runs `work`; what it recorded is on disk when this returns, or not recorded at all if it throws. */
  transaction<T>(work: () => T): T;
  listHeld(): readonly HeldIntent[];
  release(id: Uint8Array, reason: string): Release;
  close(): void;
}

function readCodes(text: SQLOutputValue | undefined): readonly string[] {
  const value: unknown = JSON.parse(String(text));
  if (!Array.isArray(value)) throw new Error('a decision without codes');
  return value.map(String);
}

function readBlob(value: SQLOutputValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('bytes expected in the history');
  return new Uint8Array(value);
}

/** @param now seconds since 1970 @throws Failure when the file is of a newer release or cannot be opened */
export function openHistory(directory: string, now: () => number): HistoryFile {
  const path = join(directory, 'history.db');
  const db = openFile(path);
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statement.setReadBigInts(true);
    statements.set(sql, statement);
    return statement;
  };
  const get = (sql: string, ...values: SQLInputValue[]) => prepare(sql).get(...values);
  const all = (sql: string, ...values: SQLInputValue[]) => prepare(sql).all(...values);
  const transaction = <T>(work: () => T): T => {
    try {
      db.exec('BEGIN IMMEDIATE');
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw explainSqliteError(error, path);
    }
  };
  const find = (id: Uint8Array): Decision | undefined => {
    const sql =
      'SELECT d.hash, d.codes, r.id IS NOT NULL AS released FROM decisions d LEFT JOIN releases r USING (id) WHERE d.id = ?';
    const row = get(sql, id);
    if (row === undefined) return undefined;
    return { hash: readBlob(row['hash']), codes: readCodes(row['codes']), released: row['released'] === 1n };
  };
  return {
    transaction,
    find,
    clearedAmounts: (requester, most) =>
      all(
        `SELECT amount FROM decisions d WHERE requester = ? AND ${CLEARED} ORDER BY at DESC LIMIT ?`,
        requester,
        most,
      ).map((row) => BigInt(String(row['amount']))),
    countRecent: (requester, seconds) =>
      Number(
        get(
          'SELECT count(*) AS n FROM decisions WHERE requester = ? AND at > ?',
          requester,
          now() - seconds,
        )?.['n'],
      ),
    isKnown: (script) =>
      get(`SELECT 1 FROM decisions d WHERE script = ? AND ${CLEARED} LIMIT 1`, script) !== undefined,
    findLookalike: (look, script) => {
      const sql = `SELECT address FROM decisions d WHERE look = ? AND script != ? AND ${CLEARED} ORDER BY at LIMIT 1`;
      const row = get(sql, look, script);
      return row === undefined ? undefined : String(row['address']);
    },
    record: ({ intent, hash, address, look, codes }: NewDecision) => {
      prepare(
        'INSERT INTO decisions (id, hash, requester, amount, script, address, look, at, codes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(
        ...[intent.id, hash, intent.requester, intent.amount, intent.script, address, look, now()],
        JSON.stringify(codes),
      );
    },
    listHeld: () =>
      all(`SELECT * FROM decisions d WHERE NOT ${CLEARED} ORDER BY at, id`).map((row) => ({
        id: readBlob(row['id']),
        requester: String(row['requester']),
        amount: BigInt(String(row['amount'])),
        address: String(row['address']),
        codes: readCodes(row['codes']),
      })),
    release: (id, reason) =>
      transaction(() => {
        const decision = find(id);
        if (decision === undefined) return 'unknown';
        if (decision.released) return 'already-released';
        if (decision.codes.length === 0) return 'not-held';
        prepare('INSERT INTO releases (id, at, reason) VALUES (?, ?, ?)').run(id, now(), reason);
        return 'released';
      }),
    close: () => db.close(),
  };
}

function openFile(path: string): DatabaseSync {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MS });
  } catch (error) {
    throw explainSqliteError(error, path);
  }
  try {
    // A rollback journal rather than WAL: two processes share the file, and few rows are written.
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    const version = db.prepare('PRAGMA user_version', { readBigInts: true }).get()?.['user_version'];
    if (version !== 0n && version !== VERSION) {
      throw new Failure(EXIT.ENVIRONMENT, {
        what: `the history has version ${version}; this release knows ${VERSION}`,
        where: path,
        todo: 'Install the release that wrote it, or a newer one.',
      });
    }
    if (version === 0n) db.exec(`BEGIN; ${SCHEMA} COMMIT`);
  } catch (error) {
    db.close();
    throw explainSqliteError(error, path);
  }
  return db;
}
