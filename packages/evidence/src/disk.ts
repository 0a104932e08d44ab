/**
 * How long the disk lasts: free space, the size of the evidence log, and the day on which nothing more can be written at the
 * rate of the last day. A full disk stops a machine, so people are told in steps long before (DISK_LOW).
 * Spec: protocol-spec/9-evidence.md, "Disk".
 */
import { statfsSync, statSync } from 'node:fs';
import { BATCH_MAX, segmentFiles } from './read.ts';

/** `full`: the next message may not fit. */
export type DiskLevel = 'ok' | 'low' | 'scarce' | 'full';

/** Bytes; `at` in seconds of running time. */
export interface DiskSample {
  readonly at: number;
  readonly free: number;
  readonly log: number;
}

export interface DiskState {
  readonly level: DiskLevel;
  readonly free: number;
  readonly log: number;
  /** Bytes a day at which space goes; null until an hour has been watched. */
  readonly perDay: number | null;
  /** Days until it is full at that rate; null if it does not fill up, or is not known yet. */
  readonly days: number | null;
}

const MIB = 1024 * 1024;
const HOUR = 3600;
const DAY = 24 * HOUR;
const LEVELS: readonly (readonly [level: DiskLevel, free: number, days: number])[] = [
  ['full', BATCH_MAX, 0],
  ['scarce', 256 * MIB, 3],
  ['low', 1024 * MIB, 30],
];

/** @param samples oldest first, at least one; the first is at most a day old */
export function judgeDisk(samples: readonly DiskSample[]): DiskState {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a disk is judged by a sample');
  const watched = last.at - first.at;
  // Whatever fills the disk counts, and what somebody else has freed meanwhile does not hide the log's own growth.
  const gone = Math.max(first.free - last.free, last.log - first.log, 0);
  const perDay = watched < HOUR ? null : Math.round((gone / watched) * DAY);
  const days = perDay === null || perDay === 0 ? null : Math.floor(last.free / perDay);
  const level = LEVELS.find(([, free, least]) => last.free < free || (days !== null && days < least));
  return { level: level?.[0] ?? 'ok', free: last.free, log: last.log, perDay, days };
}

/** @throws Error (I/O) */
export function measureDisk(directory: string, at: number): DiskSample {
  const { bavail, bsize } = statfsSync(directory);
  const log = segmentFiles(directory).reduce((sum, file) => sum + statSync(file).size, 0);
  return { at, free: bavail * bsize, log };
}

/** Watches one directory; keeps a sample an hour for a day. */
export class DiskWatch {
  readonly #measure: () => DiskSample;
  #samples: DiskSample[] = [];
  #told: DiskLevel = 'ok';

  /** @param measure by default the disk of `directory`, by the time since the program's start */
  constructor(directory: string, measure = () => measureDisk(directory, performance.now() / 1000)) {
    this.#measure = measure;
  }

  /** @throws Error (I/O) */
  look(): DiskState {
    const now = this.#measure();
    const state = judgeDisk([...this.#samples, now]);
    const newest = this.#samples.at(-1);
    if (newest === undefined || now.at - newest.at >= HOUR) this.#samples.push(now);
    this.#samples = this.#samples.filter(({ at }) => now.at - at <= DAY);
    return state;
  }

  /** The state if its level is another than the last one that this returned. @throws Error (I/O) */
  lookForChange(): DiskState | undefined {
    const state = this.look();
    if (state.level === this.#told) return undefined;
    this.#told = state.level;
    return state;
  }
}

/** "1.9 GiB free, log 12 MiB, full in 9 days" */
export function describeDisk({ free, log, days, perDay }: DiskState): string {
  const end =
    perDay === null ? 'rate not known yet' : days === null ? 'not filling up' : `full in ${days} days`;
  return `${formatSize(free)} free, log ${formatSize(log)}, ${end}`;
}

function formatSize(bytes: number): string {
  return bytes < 1024 * MIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / (1024 * MIB)).toFixed(1)} GiB`;
}
