/**
 * Counts the copies of secrets in a running process from outside: every resident page of every mapping, readable or
 * not, through /proc/PID/mem. Shows promise P1 ("one copy") and never runs inside of what it scans.
 *
 *   node scripts/memory-scan.ts PID --secrets FILE      FILE: {"name": "hex", …}; /dev/fd/3 keeps it off the disk
 *
 * Prints {pid, scannedBytes, unreadableBytes, secrets: {name: {form: count}}, total, hits}. Needs the right to trace the
 * process (root, or an ancestor where kernel.yama.ptrace_scope is 1).
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import process from 'node:process';
import { FRAGMENT, formsOf } from './memory-scan-forms.ts';

export interface Hit {
  readonly secret: string;
  readonly form: string;
  /** Hexadecimal address. */
  readonly address: string;
  /** The mapping's name in /proc/PID/maps; empty for anonymous memory. */
  readonly mapping: string;
}

export interface ScanReport {
  readonly pid: number;
  readonly scannedBytes: number;
  /** Resident bytes that the kernel did not let us read; a report with any proves nothing about those. */
  readonly unreadableBytes: number;
  readonly secrets: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly total: number;
  readonly hits: readonly Hit[];
}

interface Needle {
  readonly secret: string;
  readonly form: string;
  readonly bytes: Buffer;
  /** Where in `bytes` the seven bytes begin by which it is found. */
  readonly anchor: number;
}

interface Found {
  readonly needle: Needle;
  readonly address: number;
  readonly mapping: string;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

const PAGE = 4096;
const CHUNK = 4 << 20;
const WORD = 4;
const FILTER_BITS = 20;
/** pagemap: page present, page swapped (Documentation/admin-guide/mm/pagemap.rst). */
const RESIDENT = 0b1100_0000;

/** Scans the whole resident memory of `pid` for every form of each secret. */
export function scanMemory(pid: number, secrets: Readonly<Record<string, Uint8Array>>): ScanReport {
  if (pid === process.pid)
    throw new Error('a process that scans itself finds its own copies; scan from another one');
  const needles = Object.entries(secrets).flatMap(([secret, bytes]) =>
    formsOf(bytes).map((form) => makeNeedle(secret, form.name, form.bytes)),
  );
  const searcher = new Searcher(needles);
  const found: Found[] = [];
  let scannedBytes = 0;
  let unreadableBytes = 0;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const mapping of listMappings(pid)) {
      for (const run of residentRuns(pagemap, mapping)) {
        const read = scanRun(memory, run, searcher, (needle, address) =>
          found.push({ needle, address, mapping: mapping.name }),
        );
        scannedBytes += read;
        unreadableBytes += run.end - run.start - read;
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return report(pid, scannedBytes, unreadableBytes, Object.keys(secrets), found);
}

function makeNeedle(secret: string, form: string, bytes: Buffer): Needle {
  // The words with most different bytes are the rarest: an array of small numbers is mostly zeros.
  let anchor = 0;
  let best = 0;
  for (let at = 0; at + 2 * WORD - 1 <= bytes.length; at++) {
    const variety = Math.min(...[0, 1, 2, 3].map((shift) => countDifferent(bytes, at + shift)));
    if (variety > best) [anchor, best] = [at, variety];
  }
  return { secret, form, bytes, anchor };
}

function countDifferent(bytes: Buffer, at: number): number {
  return new Set([0, ...bytes.subarray(at, at + WORD)]).size;
}

/**
 * Finds many byte strings in one pass over aligned words: of the four words that begin in the first four bytes of an
 * anchor, one is aligned wherever the string lies. A bit table tells which words to look at more closely.
 */
class Searcher {
  readonly longest: number;
  readonly #filter = new Uint8Array(1 << FILTER_BITS);
  readonly #byWord = new Map<number, { readonly needle: Needle; readonly offset: number }[]>();

  constructor(needles: readonly Needle[]) {
    this.longest = Math.max(0, ...needles.map((needle) => needle.bytes.length));
    for (const needle of needles) {
      for (let offset = needle.anchor; offset < needle.anchor + WORD; offset++) {
        const word = needle.bytes.readUInt32LE(offset);
        this.#filter[slot(word)] = 1;
        this.#byWord.set(word, [...(this.#byWord.get(word) ?? []), { needle, offset }]);
      }
    }
  }

  /** @param data begins at an address in this process that is a multiple of four */
  search(data: Uint8Array, onHit: (needle: Needle, at: number) => void): void {
    const words = new Uint32Array(data.buffer, data.byteOffset, Math.floor(data.length / WORD));
    const filter = this.#filter;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? 0;
      if (filter[slot(word)] === 0) continue;
      for (const { needle, offset } of this.#byWord.get(word) ?? []) {
        const start = i * WORD - offset;
        if (start >= 0 && matches(data, start, needle.bytes)) onHit(needle, start);
      }
    }
  }
}

/** Fibonacci hashing of a 32-bit word. */
function slot(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
}

function matches(data: Uint8Array, start: number, bytes: Buffer): boolean {
  if (start + bytes.length > data.length) return false;
  for (let i = 0; i < bytes.length; i++) if (data[start + i] !== bytes[i]) return false;
  return true;
}

function listMappings(pid: number): Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n');
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    const [, start = '', end = '', name = ''] = match ?? [];
    if (start === '' || name === '[vsyscall]' || name.startsWith('[vvar')) return [];
    return [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), name }];
  });
}

/** The parts of a mapping that are in memory or swap; reading others would only make the kernel fill them with zeros. */
function* residentRuns(pagemap: number, mapping: Mapping): Generator<Mapping> {
  const entries = Buffer.alloc(1 << 20);
  let runStart = -1;
  for (let address = mapping.start; address < mapping.end; ) {
    const pages = Math.min((mapping.end - address) / PAGE, entries.length / 8);
    const got = readSync(pagemap, entries, 0, pages * 8, (address / PAGE) * 8);
    if (got !== pages * 8) throw new Error(`/proc/PID/pagemap ended early at ${address.toString(16)}`);
    for (let page = 0; page < pages; page++, address += PAGE) {
      const resident = ((entries[page * 8 + 7] ?? 0) & RESIDENT) !== 0;
      if (resident && runStart < 0) runStart = address;
      if (!resident && runStart >= 0) {
        yield { ...mapping, start: runStart, end: address };
        runStart = -1;
      }
    }
  }
  if (runStart >= 0) yield { ...mapping, start: runStart };
}

/** Reads a run in overlapping chunks; returns how many of its bytes could be read. */
function scanRun(
  memory: number,
  run: Mapping,
  searcher: Searcher,
  onHit: (needle: Needle, address: number) => void,
): number {
  const buffer = new Uint8Array(Math.min(CHUNK, run.end - run.start) + searcher.longest);
  let kept = 0;
  let address = run.start;
  while (address < run.end) {
    const got = readMemory(memory, buffer.subarray(kept, kept + Math.min(CHUNK, run.end - address)), address);
    if (got === 0) break;
    const data = buffer.subarray(0, kept + got);
    const base = address - kept;
    searcher.search(data, (needle, at) => {
      if (at + needle.bytes.length > kept) onHit(needle, base + at);
    });
    address += got;
    const keep = Math.min(data.length, searcher.longest - 1);
    buffer.copyWithin(0, data.length - keep, data.length);
    kept = keep;
  }
  return address - run.start;
}

function readMemory(memory: number, into: Uint8Array, address: number): number {
  try {
    return readSync(memory, into, 0, into.length, address);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'EFAULT'))
      return 0;
    throw error;
  }
}

function report(
  pid: number,
  scannedBytes: number,
  unreadableBytes: number,
  names: readonly string[],
  found: readonly Found[],
): ScanReport {
  const whole = found.filter(({ needle }) => needle.form !== FRAGMENT);
  const counted = found.filter(
    (one) => one.needle.form !== FRAGMENT || !whole.some((copy) => covers(copy, one)),
  );
  const secrets: Record<string, Record<string, number>> = {};
  for (const name of names) secrets[name] = {};
  for (const { needle } of counted) {
    const forms = secrets[needle.secret];
    if (forms !== undefined) forms[needle.form] = (forms[needle.form] ?? 0) + 1;
  }
  const hits = counted.map(({ needle, address, mapping }) => {
    return { secret: needle.secret, form: needle.form, address: address.toString(16), mapping };
  });
  return { pid, scannedBytes, unreadableBytes, secrets, total: counted.length, hits };
}

function covers(copy: Found, fragment: Found): boolean {
  return (
    copy.needle.secret === fragment.needle.secret &&
    copy.address <= fragment.address &&
    copy.address + copy.needle.bytes.length >= fragment.address + fragment.needle.bytes.length
  );
}

function main(argv: readonly string[]): void {
  const [pid, flag, file] = argv;
  if (pid === undefined || !/^\d+$/.test(pid) || flag !== '--secrets' || file === undefined) {
    process.stderr.write('usage: memory-scan.ts PID --secrets FILE   (FILE: {"name": "hex", …})\n');
    process.exitCode = 2;
    return;
  }
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${file} does not hold a JSON object`);
  const secrets = Object.entries(parsed).map(
    ([name, hex]) => [name, Buffer.from(String(hex), 'hex')] as const,
  );
  for (const [name, bytes] of secrets) {
    if (bytes.length < LEAST_SECRET) throw new Error(`secret ${name} has fewer than ${LEAST_SECRET} bytes`);
  }
  process.stdout.write(`${JSON.stringify(scanMemory(Number(pid), Object.fromEntries(secrets)), null, 2)}\n`);
}

/** Shorter strings are found by accident. */
const LEAST_SECRET = 8;

if (import.meta.main) main(process.argv.slice(2));
