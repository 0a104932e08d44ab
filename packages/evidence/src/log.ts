/**
 * Appends to the evidence log: one batch, one write, one fdatasync; only then may anything of it leave the machine.
 * A write that fails is cut off again; if even that fails the log refuses all further use, since nobody knows what the
 * disk holds. Spec: protocol-spec/9-evidence.md.
 */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure } from '@coldwire/program';
import {
  Batch,
  chainBatch,
  decode,
  encode,
  LOG_START,
  type LogRecord,
  type RecordKind,
  Segment,
} from '@coldwire/protocol';
import { takeLock } from './lock.ts';
import { BATCH_MAX, type LogPlace, readLog, segmentFiles, segmentName } from './read.ts';

/** One record to append: what it is, when, and its bytes. */
export interface Entry {
  readonly kind: RecordKind;
  /** µs since the program's start */
  readonly uptime: number;
  /** seconds since 1970 */
  readonly time: number;
  readonly bytes: Uint8Array;
}

export interface EvidenceLog {
  /** Number of the next record, the chain hash before it, and where its batch will begin. */
  readonly head: LogPlace;
  /** Bytes that were read when it was opened, and that were appended since. */
  readonly grown: number;
  /** Returns when all entries are on disk. @throws Error (I/O): nothing was appended, and nothing may be released */
  append(entries: readonly Entry[]): void;
  close(): void;
}

export interface Opened {
  readonly log: EvidenceLog;
  /** Bytes of a torn last batch that were cut off; none of it was ever released. */
  readonly torn: number;
}

export interface LogOptions {
  /** Bytes after which a new segment begins. */
  readonly segmentSize?: number;
  /** Where reading begins: the place of a snapshot. */
  readonly from?: LogPlace;
}

/**
 * Opens or creates the log of `owner` in `directory`, giving every record on disk to `onRecord` in order.
 * @throws Error if the log is damaged before its end, belongs to another owner, or another process has it open
 */
export function openLog(
  directory: string,
  owner: string,
  onRecord: (record: LogRecord) => void,
  options: LogOptions = {},
): Opened {
  const unlock = takeLock(directory);
  try {
    const { from } = options;
    let index = from?.index ?? 0;
    let chain: Uint8Array = from?.chain ?? LOG_START;
    let end =
      from === undefined
        ? { file: '', size: 0 }
        : { file: join(directory, segmentName(from.segment)), size: from.offset };
    let torn = 0;
    let grown = 0;
    for (const item of readLog(directory, from)) {
      if (item.kind === 'corrupt') {
        throw new Failure(EXIT.ENVIRONMENT, {
          code: 'STATE_CORRUPT',
          what: `the evidence log is damaged at record ${item.index}: ${item.detail}`,
          where: `${item.file}, byte ${item.at}`,
          todo: 'Do not repair it by hand: keep the disk and follow the runbook.',
        });
      }
      if (item.kind === 'torn') {
        torn = item.size - item.at;
        end = { file: item.file, size: item.at };
        break;
      }
      for (const record of item.records) {
        if (record[1] === 'segment') checkOwner(record, owner, directory);
        onRecord(record);
      }
      grown += item.end - item.at;
      index += item.records.length;
      chain = item.chain;
      end = { file: item.file, size: item.end };
    }
    const first = from?.segment ?? 0;
    const files = segmentFiles(directory, first);
    // A crash just after the last file was made leaves it empty.
    const size = files.at(-1) === end.file ? end.size : 0;
    const log = new FileLog(
      directory,
      owner,
      { index, chain, segment: first + files.length - 1, size },
      options.segmentSize ?? 64 * 1024 * 1024,
      unlock,
      grown,
    );
    return { log, torn };
  } catch (error) {
    unlock();
    throw error;
  }
}

function checkOwner(record: LogRecord, owner: string, directory: string): void {
  const segment = decode(Segment, record[4]);
  if (segment.ok && segment.value.owner === owner) return;
  throw new Failure(EXIT.ENVIRONMENT, {
    what: `the directory holds the log of ${segment.ok ? segment.value.owner : 'nobody'}, not of ${owner}`,
    where: directory,
    todo: 'Name the state directory of this machine and role.',
  });
}

/** `size` 0: the last file still lacks its segment record. `segment` -1: there is no file yet. */
interface Place {
  index: number;
  chain: Uint8Array;
  segment: number;
  size: number;
}

class FileLog implements EvidenceLog {
  readonly #directory: string;
  readonly #owner: string;
  readonly #segmentSize: number;
  readonly #unlock: () => void;
  #place: Place;
  #fd: number | undefined;
  #failed = false;
  #grown: number;

  constructor(
    directory: string,
    owner: string,
    place: Place,
    segmentSize: number,
    unlock: () => void,
    grown: number,
  ) {
    this.#directory = directory;
    this.#owner = owner;
    this.#place = place;
    this.#segmentSize = segmentSize;
    this.#unlock = unlock;
    this.#grown = grown;
    if (place.segment >= 0) {
      this.#fd = openSync(join(directory, segmentName(place.segment)), 'r+');
      if (fstatSync(this.#fd).size !== place.size) this.#cut();
    }
  }

  get head(): LogPlace {
    const { index, chain, segment, size } = this.#place;
    return { index, chain, segment, offset: size };
  }

  get grown(): number {
    return this.#grown;
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (this.#failed) {
      throw new Failure(EXIT.IO, {
        what: 'an earlier write failed, and nobody knows what the disk holds',
        where: this.#directory,
        todo: 'Check the disk and start the program again; what was acknowledged is on disk.',
      });
    }
    if (this.#fd === undefined || this.#place.size >= this.#segmentSize) this.#makeFile();
    if (this.#place.size === 0) this.#beginSegment(first);
    this.#write(entries);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#failed = true;
    this.#unlock();
  }

  #makeFile(): void {
    const number = this.#place.segment + 1;
    const fd = openSync(join(this.#directory, segmentName(number)), 'wx+', 0o600);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = fd;
    this.#place = { ...this.#place, segment: number, size: 0 };
  }

  /** Apart from making the file: a full disk, or a crash, may leave it empty, and then it is begun again. */
  #beginSegment(first: Entry): void {
    syncDirectory(this.#directory);
    const { segment: number, chain: previous } = this.#place;
    const bytes = encode(Segment, { owner: this.#owner, number, previous });
    this.#write([{ kind: 'segment', uptime: first.uptime, time: first.time, bytes }]);
  }

  #write(entries: readonly Entry[]): void {
    const fd = this.#fd;
    if (fd === undefined) throw new Error(`${this.#directory}: the log is closed`);
    const place = this.#place;
    const records = entries.map(
      (entry, i): LogRecord => [place.index + i, entry.kind, entry.uptime, entry.time, entry.bytes],
    );
    const chain = chainBatch(place.chain, records);
    const bytes = encode(Batch, [records, chain]);
    if (bytes.length > BATCH_MAX)
      throw new Error(
        `a batch of ${bytes.length} bytes, which nothing would read back; at most ${BATCH_MAX}`,
      );
    try {
      for (let at = 0; at < bytes.length; )
        at += writeSync(fd, bytes, at, bytes.length - at, place.size + at);
    } catch (error) {
      this.#cut();
      throw error;
    }
    this.#failed = true; // a failed sync leaves unknown what the disk holds: only a restart, reading it, can tell
    fdatasyncSync(fd);
    this.#failed = false;
    this.#place = { ...place, index: place.index + records.length, chain, size: place.size + bytes.length };
    this.#grown += bytes.length;
  }

  /** After a failed write (a full disk): back to the last whole batch. If the disk refuses even that, no further use. */
  #cut(): void {
    if (this.#fd === undefined) return;
    this.#failed = true;
    ftruncateSync(this.#fd, this.#place.size);
    fsyncSync(this.#fd);
    this.#failed = false;
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
