/**
 * The effects of SQLite: what commits. A torn commit is the one that SQLite made, with the second half of what it changed in
 * the write-ahead log taken back. EIO is the kernel's: for this one call no file may grow or be written (RLIMIT_FSIZE);
 * ENOSPC too: the small disk of the state directory is filled to the last byte.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { DatabaseSync } from 'node:sqlite';
import type { Fault, Plan } from './plan.ts';
import type { Watch } from './preload-files.ts';

const { openSync, writeSync, readFileSync, closeSync, rmSync, existsSync, writeFileSync } = fs;

export async function watchDatabase({ plan, meet, die }: Watch): Promise<void> {
  const { DatabaseSync: Database, StatementSync: Statement } = await import('node:sqlite');
  const { exec, prepare, close } = Database.prototype;
  const { run } = Statement.prototype;
  /** Each statement's database, and what was run in the transaction that is open. */
  const owners = new WeakMap<object, DatabaseSync>();
  let changes: string[] = [];

  const commit = <T>(db: DatabaseSync, label: string, perform: () => T): T => {
    const fault = meet(`commit ${label}`);
    if (fault === undefined) return perform();
    return commitWith(fault, `${db.location() ?? ''}-wal`, perform);
  };
  const commitWith = <T>(fault: Fault, wal: string, perform: () => T): T => {
    switch (fault) {
      case 'kill':
        return die();
      case 'kill-after':
        perform();
        return die();
      case 'torn': {
        const before = existsSync(wal) ? readFileSync(wal) : new Uint8Array(0);
        perform();
        takeBackHalf(wal, before);
        return die();
      }
      case 'eio':
      case 'eio-stays':
        return withoutWrites(perform);
      default:
        return withoutRoom(plan, perform, fault === 'enospc-stays');
    }
  };

  Database.prototype.prepare = function (sql, ...rest) {
    const statement = Reflect.apply(prepare, this, [sql, ...rest]);
    owners.set(statement, this);
    return statement;
  };
  Database.prototype.exec = function (sql) {
    const go = (): void => Reflect.apply(exec, this, [sql]);
    if (/^BEGIN/.test(sql)) changes = [];
    if (sql === 'COMMIT') return commit(this, [...new Set(changes)].join(', ') || 'nothing', go);
    if (/^PRAGMA journal_mode/.test(sql)) return commit(this, sql, go);
    if (this.isTransaction && !/^ROLLBACK/.test(sql)) changes.push(nameOf(sql));
    go();
  };
  Statement.prototype.run = function (...values) {
    const go = () => Reflect.apply(run, this, values);
    const db = owners.get(this);
    if (db === undefined || db.isTransaction) {
      changes.push(nameOf(this.sourceSQL));
      return go();
    }
    return commit(db, nameOf(this.sourceSQL), go);
  };
  Database.prototype.close = function () {
    if (meet('close database') === 'kill') die();
    Reflect.apply(close, this, []);
  };
}

/** `INSERT INTO events`, `UPDATE batches`, `CREATE TABLE schema_version`. */
function nameOf(sql: string): string {
  const words = sql
    .replace(/OR (IGNORE|REPLACE)|IF NOT EXISTS/g, '')
    .trim()
    .split(/[\s(]+/);
  return words.slice(0, words[0] === 'UPDATE' ? 2 : 3).join(' ');
}

function takeBackHalf(file: string, before: Uint8Array): void {
  const after = readFileSync(file);
  let first = 0;
  while (first < before.length && before[first] === after[first]) first += 1;
  let end = after.length;
  if (after.length === before.length) while (end > first && before[end - 1] === after[end - 1]) end -= 1;
  const middle = first + Math.floor((end - first) / 2);
  const torn = new Uint8Array(Math.max(before.length, middle));
  torn.set(before);
  torn.set(after.subarray(0, middle));
  // In place, as SQLite has it mapped and open.
  const fd = openSync(file, 'r+');
  fs.ftruncateSync(fd, torn.length);
  writeSync(fd, torn, 0, torn.length, 0);
  closeSync(fd);
}

/** For this one call every write to a file fails (EFBIG; Node ignores SIGXFSZ), which SQLite reports as a disk that failed. */
function withoutWrites<T>(perform: () => T): T {
  limitFiles('1');
  try {
    return perform();
  } finally {
    limitFiles('unlimited');
  }
}

function limitFiles(limit: string): void {
  const args = ['--pid', String(process.pid), `--fsize=${limit}:`];
  const { status } = spawnSync('prlimit', args, { stdio: 'ignore' });
  if (status !== 0) throw new Error('prlimit (util-linux) does not set the limit');
}

function withoutRoom<T>({ state, small }: Plan, perform: () => T, stays: boolean): T {
  if (!small) throw new Error('this disk is not for filling');
  const ballast = join(state, 'ballast');
  fill(ballast);
  try {
    return perform();
  } finally {
    if (!stays) rmSync(ballast, { force: true });
  }
}

/** To the last byte. */
function fill(file: string): void {
  if (!existsSync(file)) writeFileSync(file, '');
  for (const size of [1_048_576, 65_536, 4_096, 64, 1]) while (append(file, size));
}

function append(file: string, size: number): boolean {
  const fd = openSync(file, 'a');
  try {
    return writeSync(fd, new Uint8Array(size)) === size;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
