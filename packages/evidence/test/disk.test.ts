import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type DiskSample, DiskWatch, describeDisk, judgeDisk, openLog } from '../src/index.ts';

const GIB = 2 ** 30;
const HOUR = 3600;
const at = (hours: number, free: number, log: number): DiskSample => ({ at: hours * HOUR, free, log });

it('a disk is judged by its free space alone until an hour was watched', () => {
  expect(judgeDisk([at(0, 8 * GIB, 0), at(0.9, 7 * GIB, GIB)])).toEqual({
    level: 'ok',
    free: 7 * GIB,
    log: GIB,
    perDay: null,
    days: null,
  });
});

it.each([
  ['ok', 8 * GIB, 8 * GIB],
  ['low', GIB - 1, GIB - 1],
  ['scarce', GIB / 4 - 1, GIB / 4 - 1],
  ['full', 4 * 2 ** 20 - 1, 4 * 2 ** 20 - 1],
  // A day at this rate, and so many are left.
  ['ok', 8 * GIB + GIB / 4, 8 * GIB],
  ['low', 8 * GIB + GIB / 2, 8 * GIB],
  ['scarce', 12 * GIB, 8 * GIB],
])('is %s', (level, before, now) => {
  expect(judgeDisk([at(0, before, 0), at(24, now, 0)]).level).toBe(level);
});

it('counts the log’s own growth where somebody else has freed space, and what others write where the log stands still', () => {
  expect(judgeDisk([at(0, 2 * GIB, 0), at(24, 9 * GIB, GIB)])).toMatchObject({ days: 9, level: 'low' });
  expect(judgeDisk([at(0, 10 * GIB, 5), at(24, 9 * GIB, 5)])).toMatchObject({ days: 9, level: 'low' });
  expect(judgeDisk([at(0, 10 * GIB, 5), at(24, 10 * GIB, 5)])).toMatchObject({ days: null, level: 'ok' });
});

it('tells of each change of level once, by the last day only', () => {
  const samples: DiskSample[] = [];
  const watch = new DiskWatch('', () => samples.shift() ?? at(999, 0, 0));
  const levels: (string | undefined)[] = [];
  const free = [20, 20, 17, 17, 17, 0.2, 0.001, 20].map((gib) => gib * GIB);
  free.forEach((left, hour) => {
    samples.push(at(hour * 2, left, 0));
    levels.push(watch.lookForChange()?.level);
  });
  const none = undefined;
  expect(levels).toEqual([none, none, 'scarce', none, none, none, 'full', 'ok']);
});

it('measures the real disk and the real log', () => {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-disk-'));
  try {
    const { log } = openLog(directory, 'A', () => undefined);
    const watch = new DiskWatch(directory);
    const before = watch.look();
    log.append([{ kind: 'local', uptime: 0, time: 0, bytes: new Uint8Array(100_000) }]);
    log.close();
    const after = watch.look();
    expect(after.log - before.log).toBeGreaterThan(100_000);
    const { blocks, bsize } = statfsSync(directory);
    expect(after.free).toBeGreaterThan(0);
    expect(after.free).toBeLessThanOrEqual(blocks * bsize);
    expect(describeDisk({ ...after, free: 1.94 * GIB, log: 12 * 2 ** 20, perDay: 1, days: 9 })).toBe(
      '1.9 GiB free, log 12 MiB, full in 9 days',
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
