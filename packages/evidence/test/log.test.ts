import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@coldwire/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, openLog, readLog, segmentFiles } from '../src/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-evidence-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const entry = (n: number, size = 10): Entry => ({
  kind: 'local',
  uptime: n,
  time: 1_700_000_000 + n,
  bytes: new Uint8Array(size).fill(n),
});

function open(options?: { segmentSize: number }) {
  const records: LogRecord[] = [];
  const opened = openLog(directory, 'A', (record) => records.push(record), options);
  return { ...opened, records };
}

function write(batches: readonly (readonly Entry[])[], options?: { segmentSize: number }): void {
  const { log } = open(options);
  for (const batch of batches) log.append(batch);
  log.close();
}

const kept = (records: readonly LogRecord[]) =>
  records.filter(([, kind]) => kind === 'local').map(([, , uptime]) => uptime);

describe('the evidence log', () => {
  it('gives back what was appended, in order, with gapless numbers', () => {
    write([[entry(1)], [entry(2), entry(3)]]);
    const { records, log, torn } = open();
    expect(kept(records)).toEqual([1, 2, 3]);
    expect(records.map(([index]) => index)).toEqual([0, 1, 2, 3]);
    expect(log.head.index).toBe(4);
    expect(torn).toBe(0);
    log.close();
  });

  it('loses the last batch whole, and nothing else, when it is torn at any byte', () => {
    write([[entry(1)], [entry(2)]]);
    const [file = ''] = segmentFiles(directory);
    const before = readFileSync(file).length;
    write([[entry(3), entry(4)]]);
    const whole = readFileSync(file);
    for (let length = before; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      const { records, log, torn } = open();
      expect(kept(records)).toEqual([1, 2]);
      expect(torn).toBe(length - before);
      log.append([entry(5)]);
      log.close();
      const again = open();
      expect(kept(again.records)).toEqual([1, 2, 5]);
      again.log.close();
    }
  });

  it('takes zeros after the last batch for a torn write', () => {
    write([[entry(1)]]);
    const [file = ''] = segmentFiles(directory);
    appendFileSync(file, new Uint8Array(300));
    const { records, log, torn } = open();
    expect(kept(records)).toEqual([1]);
    expect(torn).toBe(300);
    log.close();
  });

  it('refuses a log with any byte changed before its last batch', () => {
    write([[entry(1)], [entry(2)], [entry(3)]]);
    const [file = ''] = segmentFiles(directory);
    const good = readFileSync(file);
    const items = [...readLog(directory)];
    const last = items.at(-1);
    const end = last?.kind === 'batch' ? last.at : 0;
    expect(end).toBeGreaterThan(0);
    for (let at = 0; at < end; at++) {
      const bad = Uint8Array.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x40;
      writeFileSync(file, bad);
      const found = [...readLog(directory)];
      expect(found.length).toBeLessThan(items.length);
      // A changed length may run past the end of the file: it must not pass for torn, or what was released is cut off.
      expect(found.at(-1)?.kind, `byte ${at}`).toBe('corrupt');
      expect(() => open()).toThrow(/damaged at record/);
      expect(readFileSync(file)).toEqual(Buffer.from(bad));
    }
  });

  it('goes on in a new file when one is full, each naming the hash before it', () => {
    write([[entry(1, 500)], [entry(2, 500)], [entry(3, 500)]], { segmentSize: 900 });
    expect(segmentFiles(directory).length).toBe(2);
    const { records, log } = open();
    expect(kept(records)).toEqual([1, 2, 3]);
    log.close();
    const [first = '', second = ''] = segmentFiles(directory);
    const keep = readFileSync(first);
    truncateSync(first, keep.length - 1);
    expect([...readLog(directory)].at(-1)).toMatchObject({ kind: 'corrupt', file: first });
    writeFileSync(first, keep);
    rmSync(first);
    expect(() => [...readLog(directory)]).toThrow(/is missing/);
    expect(second).not.toBe('');
  });

  it('refuses a second process, another owner, and use after close', () => {
    const { log } = open();
    log.append([entry(1)]);
    expect(() => open()).toThrow(/another process/);
    log.close();
    expect(() => log.append([entry(2)])).toThrow();
    expect(() => openLog(directory, 'B', () => undefined)).toThrow(/log of A, not of B/);
  });

  it('takes over the lock of a process that is gone', () => {
    write([[entry(1)]]);
    writeFileSync(join(directory, 'lock'), '999999999 1\n');
    const { records, log } = open();
    expect(kept(records)).toEqual([1]);
    log.close();
  });
});
