import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@coldwire/program';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/queue/database.ts';
import { findWithdrawal, openQueue, submitIntent } from '../../src/queue/index.ts';
import { MIGRATIONS } from '../../src/queue/schema.ts';
import { clock, idOf, makeDirectory, makeIntent } from '../fixture.ts';

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the database of a queue', () => {
  it('keeps what was written when it is closed and opened again', () => {
    const path = join(makeDirectory(), 'queue.db');
    const first = openQueue(path, clock());
    submitIntent(first, makeIntent({ seed: 1 }));
    first.db.close();
    const second = openQueue(path, clock());
    expect(findWithdrawal(second, idOf(1))?.amount).toBe(50_000n);
    second.db.close();
  });

  it('runs with synchronous FULL, foreign keys and an exclusive lock', () => {
    const path = join(makeDirectory(), 'queue.db');
    const { db } = openQueue(path, clock());
    expect(Object.values(db.get('PRAGMA synchronous') ?? {})).toEqual([2n]);
    expect(Object.values(db.get('PRAGMA foreign_keys') ?? {})).toEqual([1n]);
    expect(Object.values(db.get('PRAGMA journal_mode') ?? {})).toEqual(['wal']);
    const second = failureOf(() => openQueue(path, clock()));
    expect(second).toMatchObject({ exit: 5, what: 'another process has the database open', where: path });
    const source = `
      import { openQueue } from '${join(import.meta.dirname, '../../src/queue/index.ts')}';
      openQueue('${path}', () => 0);`;
    const other = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', source], {
      encoding: 'utf8',
    });
    expect(other.status).not.toBe(0);
    expect(other.stderr).toContain('another process has the database open');
    db.close();
  });

  it('refuses a file of a newer release and leaves it alone', () => {
    const path = join(makeDirectory(), 'queue.db');
    openQueue(path, clock()).db.close();
    const raw = new DatabaseSync(path);
    raw.exec('UPDATE schema_version SET version = 99');
    raw.close();
    expect(failureOf(() => openQueue(path, clock()))).toMatchObject({ exit: 5, todo: /newer/ });
  });

  it('refuses what is not a database', () => {
    const path = join(makeDirectory(), 'queue.db');
    writeFileSync(path, 'this is a text of some length, and no SQLite file by any means at all\n'.repeat(20));
    expect(failureOf(() => openQueue(path, clock()))).toMatchObject({
      exit: 6,
      what: 'it is not a database',
    });
    const nowhere = join(makeDirectory(), 'missing', 'queue.db');
    expect(failureOf(() => openQueue(nowhere, clock()))).toMatchObject({ exit: 6 });
  });

  it('brings an older file up to date, one migration after the other, and keeps its rows', () => {
    const path = join(makeDirectory(), 'queue.db');
    const old = openDatabase(path, ['CREATE TABLE one (a INTEGER) STRICT; INSERT INTO one VALUES (7)']);
    old.close();
    const broken = ['CREATE TABLE one (a INTEGER) STRICT', 'ALTER TABLE one ADD b INTEGER; SELECT nonsense'];
    expect(() => openDatabase(path, broken)).toThrow('nonsense');
    const next = openDatabase(path, ['', 'ALTER TABLE one ADD b INTEGER']);
    expect(next.get('SELECT a, b FROM one')).toMatchObject({ a: 7n, b: null });
    expect(next.get('SELECT version FROM schema_version')).toMatchObject({ version: 2n });
    next.close();
  });

  it('never changes or deletes an event', () => {
    const store = openQueue(join(makeDirectory(), 'queue.db'), clock());
    submitIntent(store, makeIntent({ seed: 1 }));
    expect(() => store.db.run('UPDATE events SET at = 0')).toThrow('append-only');
    expect(() => store.db.run('DELETE FROM events')).toThrow('append-only');
    store.db.close();
  });

  it('undoes a step that throws half way', () => {
    const db = openDatabase(join(makeDirectory(), 'x.db'), MIGRATIONS);
    const step = () =>
      db.transaction(() => {
        db.run('INSERT INTO blocks (height, hash) VALUES (1, ?)', new Uint8Array(32));
        throw new Error('power cut');
      });
    expect(step).toThrow('power cut');
    expect(db.all('SELECT * FROM blocks')).toEqual([]);
    expect(() => db.transaction(() => db.transaction(() => 1))).toThrow('already open');
    db.close();
  });
});
