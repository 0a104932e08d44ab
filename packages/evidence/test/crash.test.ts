// What a machine can do to the log: a process killed at any moment, a full disk, a file size limit. A sync that fails cannot
// be had here without a device of one's own; that the log refuses all use after one is by reading of log.ts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { LogRecord } from '@coldwire/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Entry, openLog, readLog, segmentFiles } from '../src/index.ts';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-evidence-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const entry = (n: number, size = 10): Entry => ({
  kind: 'local',
  uptime: n,
  time: 0,
  bytes: new Uint8Array(size),
});

/** Numbers of the batches on disk; checks that each is whole. */
function readBack(place = directory, segmentSize?: number): number[] {
  const records: LogRecord[] = [];
  const options = segmentSize === undefined ? {} : { segmentSize };
  const { log } = openLog(place, 'A', (record) => records.push(record), options);
  log.close();
  const numbers = (kind: string) => records.filter((record) => record[1] === kind).map((record) => record[2]);
  expect(numbers('change')).toEqual(numbers('local'));
  expect(records.map(([index]) => index)).toEqual(records.map((_, at) => at));
  return numbers('local');
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('the evidence log of a killed process', () => {
  it('holds every batch that was synced, at most one more, all whole, four times in a row', async () => {
    let told = -1;
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [WRITER, directory, '3000', '400', '1000000'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.split('\n').length > 3 + 7 * round) child.kill('SIGKILL');
      });
      await once(child, 'close');
      expect(child.signalCode).toBe('SIGKILL');
      told = Number(text.trim().split('\n').at(-1));
      const found = readBack(directory, 3000);
      expect(found).toEqual(upTo(found.length));
      expect(found.length).toBeGreaterThan(told);
      expect(found.length).toBeLessThanOrEqual(told + 2);
    }
    expect(told).toBeGreaterThan(40);
    expect(segmentFiles(directory).length).toBeGreaterThan(5);
  });

  it('goes on from any length of its last file, a new file with nothing or half a segment record in it too', () => {
    const { log } = openLog(directory, 'A', () => undefined, { segmentSize: 200 });
    log.append([entry(0, 300)]);
    log.append([entry(1)]);
    log.close();
    const [first = '', last = ''] = segmentFiles(directory);
    const whole = readFileSync(last);
    for (const file of [last, first]) {
      const bytes = readFileSync(file);
      for (let length = 0; length < bytes.length; length += length < 3 ? 1 : 7) {
        writeFileSync(file, bytes.subarray(0, length));
        const opened = openLog(directory, 'A', () => undefined, { segmentSize: 200 });
        opened.log.append([entry(7)]);
        opened.log.close();
        const records: LogRecord[] = [];
        openLog(directory, 'A', (record) => records.push(record)).log.close();
        expect(records.at(-1)?.[2], `${length} bytes`).toBe(7);
        expect(records[0]?.[1]).toBe('segment');
        for (const extra of segmentFiles(directory).slice(file === last ? 2 : 1)) rmSync(extra);
      }
      writeFileSync(file, bytes);
      if (file === last) rmSync(last);
    }
    expect(whole.length).toBeGreaterThan(100);
  });

  it('is refused when a file before the last is empty', () => {
    const { log } = openLog(directory, 'A', () => undefined, { segmentSize: 200 });
    log.append([entry(0, 300)]);
    log.append([entry(1)]);
    log.close();
    truncateSync(segmentFiles(directory)[0] ?? '', 0);
    expect([...readLog(directory)].at(-1)).toMatchObject({ kind: 'corrupt', at: 0 });
  });
});

describe('the lock of a state directory', () => {
  it('is taken over from a holder that was killed and that its parent has not buried', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [text] = await once(parent.stdout, 'data');
      const stat = `/proc/${Number(text)}/stat`;
      await vi.waitFor(() => expect(readFileSync(stat, 'utf8')).toContain(') Z '), 30_000);
      const start = readFileSync(stat, 'utf8').split(') ')[1]?.split(' ')[19];
      writeFileSync(join(directory, 'lock'), `${Number(text)} ${start}\n`);
      expect(readBack()).toEqual([]);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('goes to one of four processes that find it stale or half written at the same moment', async () => {
    for (let round = 0; round < 2; round++) {
      writeFileSync(join(directory, 'lock'), round % 2 === 0 ? '' : '999999999 1\n');
      const children = Array.from({ length: 4 }, () =>
        spawn(process.execPath, [WRITER, directory, '1000000', '10', '1000000'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      );
      const wrote = children.map((child) => once(child.stdout, 'data').then(() => child));
      const ended = children.map((child) => once(child, 'close').then(() => child));
      const [winner] = await Promise.all([Promise.any(wrote), waitFor(ended, 3)]);
      expect(children.filter(({ exitCode }) => exitCode === null)).toEqual([winner]);
      winner.kill('SIGKILL');
      await Promise.all(ended);
      expect(readBack().length).toBeGreaterThan(0);
    }
  });
});

/** Until so many of them are settled. */
async function waitFor(promises: readonly Promise<unknown>[], count: number): Promise<void> {
  let settled = 0;
  await new Promise<void>((resolve) => {
    for (const promise of promises) {
      void promise.then(() => {
        settled += 1;
        if (settled === count) resolve();
      });
    }
  });
}

describe('the bounds of a batch', () => {
  it('lets nothing be written that would not be read back', () => {
    const { log } = openLog(directory, 'A', () => undefined);
    log.append(upTo(4096).map((n) => entry(n, 0)));
    expect(() => log.append(upTo(4097).map((n) => entry(n, 0)))).toThrow(/4096/);
    log.append(upTo(3).map((n) => entry(n, 1024 * 1024)));
    const { size } = statSync(segmentFiles(directory)[0] ?? '');
    expect(() => log.append(upTo(4).map((n) => entry(n, 1024 * 1024)))).toThrow(/nothing would read back/);
    expect(() => log.append([entry(0, 1024 * 1024 + 1)])).toThrow();
    expect(statSync(segmentFiles(directory)[0] ?? '').size).toBe(size);
    log.append([entry(9)]);
    log.close();
    const records: LogRecord[] = [];
    openLog(directory, 'A', (record) => records.push(record)).log.close();
    expect(records.length).toBe(1 + 4096 + 3 + 1);
  });
});

describe('a disk that refuses', () => {
  it('ends the writer at a file size limit and loses nothing that was synced', () => {
    // Blocks of 512 bytes: 20 kB a file. No limit on the number of files.
    const { stdout } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -f 40; exec "$@"',
        'sh',
        process.execPath,
        WRITER,
        directory,
        '1000000',
        '400',
        '1000000',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const told = stdout.trim().split('\n').map(Number);
    const found = readBack();
    expect(told).toEqual(upTo(told.length));
    expect(told.length).toBeGreaterThan(10);
    expect(found.slice(0, told.length)).toEqual(told);
    expect(found.length).toBeLessThanOrEqual(told.length + 1);
  });

  const root = process.getuid?.() === 0;
  it.skipIf(!root)(
    'takes nothing when it is full, and goes on when there is room, also between two files',
    () => {
      const disk = join(directory, 'disk');
      const mount = spawnSync('sh', [
        '-c',
        'mkdir "$1" && mount -t tmpfs -o size=64k tmpfs "$1"',
        'sh',
        disk,
      ]);
      if (mount.status !== 0) return expect(process.env['COLDWIRE_REQUIRE_ORACLES']).not.toBe('1');
      try {
        for (const segmentSize of [1_000_000, 4096]) fillAndGoOn(disk, segmentSize);
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );
});

/** Fills the disk to every remainder of a page, so that each kind of write is once the one that fails. */
function fillAndGoOn(disk: string, segmentSize: number): void {
  const ballast = join(disk, 'ballast');
  for (let pages = 1; pages <= 6; pages++) {
    const place = mkdtempSync(join(disk, 'log-'));
    writeFileSync(ballast, new Uint8Array(0));
    const { log } = openLog(place, 'A', () => undefined, { segmentSize });
    fill(ballast, pages);
    let next = 0;
    expect(() => {
      for (;;) {
        log.append([{ ...entry(next, 700), kind: 'change' }, entry(next, 700)]);
        next += 1;
      }
    }).toThrow(/ENOSPC/);
    expect(() => log.append([entry(next, 3000)])).toThrow();
    writeFileSync(ballast, new Uint8Array(0));
    for (const n of [next, next + 1]) log.append([{ ...entry(n, 700), kind: 'change' }, entry(n, 700)]);
    log.close();
    expect(readBack(place, segmentSize)).toEqual(upTo(next + 2));
    rmSync(place, { recursive: true });
  }
}

/** Leaves `pages` free pages on the disk that holds `file`. */
function fill(file: string, pages: number): void {
  const page = new Uint8Array(4096);
  let held = 0;
  try {
    for (;;) {
      writeFileSync(file, page, { flag: 'a' });
      held += 1;
    }
  } catch {
    truncateSync(file, Math.max(0, held - pages) * page.length);
  }
}
