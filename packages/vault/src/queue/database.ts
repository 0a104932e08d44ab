/**
 * One SQLite file with one owner: WAL with synchronous FULL, so that what was committed survives a power cut, and an
 * exclusive lock for as long as it is open, so that two vaults never drive one queue.
 * Refuses a file of a newer release, a file that another process has open, and one that is not SQLite.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { EXIT, Failure } from '@coldwire/program';
import { explainSqliteError } from '@coldwire/screen/io/sqlite-failure.ts';
import type { Row } from './columns.ts';

export class Database {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #open = false;

  constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#db = db;
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values));
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values));
  }

  /** Returns how many rows it changed: compare-and-set statements check it. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  /** Inserts a row and returns its integer key. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).lastInsertRowid));
  }

  /** For statements without values: pragmas and migrations. */
  execute(sql: string): void {
    this.#guard(() => this.#db.exec(sql));
  }

  /** Everything that `work` writes, or nothing. On disk when it returns. Never nested: each step is one transaction. */
  transaction<T>(work: () => T): T {
    if (this.#open) throw new Error('a transaction is already open');
    this.execute('BEGIN IMMEDIATE');
    this.#open = true;
    try {
      const result = work();
      this.execute('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    } finally {
      this.#open = false;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explainSqliteError(error, this.#path);
    }
  }
}

/**
 * Opens or creates the file and brings it to the newest version, one transaction per migration.
 * @throws Failure when it is in use, of a newer release, damaged, or the disk refuses
 */
export function openDatabase(path: string, migrations: readonly string[]): Database {
  let connection: DatabaseSync;
  try {
    connection = new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw explainSqliteError(error, path);
  }
  const database = new Database(path, connection);
  try {
    for (const pragma of ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL']) {
      database.execute(`PRAGMA ${pragma}`);
    }
    database.execute('PRAGMA foreign_keys = ON');
    migrate(database, path, migrations);
  } catch (error) {
    connection.close();
    throw error;
  }
  return database;
}

function migrate(database: Database, path: string, migrations: readonly string[]): void {
  const version = database.transaction(() => {
    database.execute('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT');
    const row = database.get('SELECT version FROM schema_version');
    if (row === undefined) database.run('INSERT INTO schema_version (version) VALUES (0)');
    return Number(row?.['version'] ?? 0);
  });
  if (version > migrations.length) {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: `the database has version ${version}; this release knows ${migrations.length}`,
      where: path,
      todo: 'Install the release that wrote it, or a newer one.',
    });
  }
  for (const [place, sql] of migrations.entries()) {
    if (place < version) continue;
    database.transaction(() => {
      database.execute(sql);
      database.run('UPDATE schema_version SET version = ?', place + 1);
    });
  }
}
