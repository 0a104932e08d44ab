/**
 * Reads an evidence log: every batch of every segment in order, its chain recomputed. Refuses (STATE_CORRUPT) what is
 * damaged before its end; a torn last batch, as a crash leaves it, is told apart. Spec: protocol-spec/9-evidence.md.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  Batch,
  chainBatch,
  decode,
  equalBytes,
  LOG_START,
  type LogRecord,
  RECORD_MAX,
  readSequenceItem,
  Segment,
} from '@coldwire/protocol';

const NAME = /^evidence-(\d{6})\.cborseq$/;
const CHUNK = 4 * 1024 * 1024;
/** A batch holds at most a message of the largest kind and its changes. */
export const BATCH_MAX = 4 * RECORD_MAX;
const ITEM = { maxBytes: BATCH_MAX };

export function segmentName(number: number): string {
  return `evidence-${String(number).padStart(6, '0')}.cborseq`;
}

/** A place between two batches: number of the next record, the chain hash before it, file and byte where its batch begins. */
export interface LogPlace {
  readonly index: number;
  readonly chain: Uint8Array;
  readonly segment: number;
  readonly offset: number;
}

/**
 * The log's files in `directory`, in order, from this segment on: those before it may have been moved away.
 * @throws Error if one is missing in between
 */
export function segmentFiles(directory: string, from = 0): readonly string[] {
  const names = readdirSync(directory)
    .filter((name) => NAME.test(name) && name >= segmentName(from))
    .sort();
  names.forEach((name, place) => {
    const wanted = segmentName(from + place);
    if (name !== wanted) throw new Error(`${directory}: ${wanted} is missing, ${name} follows`);
  });
  return names.map((name) => join(directory, name));
}

export type LogItem =
  | {
      readonly kind: 'batch';
      readonly file: string;
      readonly at: number;
      readonly end: number;
      readonly records: readonly LogRecord[];
      readonly chain: Uint8Array;
    }
  /** The last file ends within a batch, at byte `at`: nothing of it was ever released. */
  | { readonly kind: 'torn'; readonly file: string; readonly at: number; readonly size: number }
  | {
      readonly kind: 'corrupt';
      readonly file: string;
      readonly at: number;
      readonly index: number;
      readonly detail: string;
    };

/** Where reading stands: the next record's number, the chain before it, the owner that the first segment named. */
interface Position {
  index: number;
  chain: Uint8Array;
  owner: string | undefined;
}

/** All items of the log, in order; stops after the first that is not a batch. @param from a place that is known to be good */
export function* readLog(directory: string, from?: LogPlace): Generator<LogItem> {
  const first = from?.segment ?? 0;
  const files = segmentFiles(directory, first);
  const position: Position = { index: from?.index ?? 0, chain: from?.chain ?? LOG_START, owner: undefined };
  for (const [place, file] of files.entries()) {
    const start = place === 0 ? (from?.offset ?? 0) : 0;
    for (const item of readSegment(file, first + place, place === files.length - 1, position, start)) {
      yield item;
      if (item.kind !== 'batch') return;
    }
  }
}

function* readSegment(
  file: string,
  number: number,
  last: boolean,
  position: Position,
  start: number,
): Generator<LogItem> {
  const source = openSource(file);
  try {
    if (source.size === 0 && !last) {
      const detail = 'the file is empty, but another follows it';
      yield { kind: 'corrupt', file, at: 0, index: position.index, detail };
      return;
    }
    for (let at = start; at < source.size; ) {
      const item = readBatch(source, file, at, position);
      if (item.kind === 'torn' && !last) {
        yield {
          kind: 'corrupt',
          file,
          at,
          index: position.index,
          detail: 'the file ends within a batch, but another follows it',
        };
        return;
      }
      if (item.kind !== 'batch') {
        yield item;
        return;
      }
      const wrong = at === 0 ? checkSegment(item.records[0], number, position) : undefined;
      if (wrong !== undefined) {
        yield { kind: 'corrupt', file, at, index: position.index, detail: wrong };
        return;
      }
      position.index += item.records.length;
      position.chain = item.chain;
      at = item.end;
      yield item;
    }
  } finally {
    source.close();
  }
}

interface Source {
  readonly size: number;
  /** At most `length` bytes from `at`; fewer only at the end of the file. */
  read(at: number, length: number): Uint8Array;
  close(): void;
}

function openSource(file: string): Source {
  const fd = openSync(file, 'r');
  const { size } = fstatSync(fd);
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    size,
    read(at, length) {
      if (at < start || at + length > start + window.length) {
        const want = Math.min(Math.max(length, CHUNK), size - at);
        const buffer = new Uint8Array(want);
        window = buffer.subarray(0, readSync(fd, buffer, 0, want, at));
        start = at;
      }
      return window.subarray(at - start, at - start + length);
    },
    close: () => closeSync(fd),
  };
}

function readBatch(source: Source, file: string, at: number, position: Position): LogItem {
  const corrupt = (detail: string): LogItem => ({ kind: 'corrupt', file, at, index: position.index, detail });
  const rest = source.size - at;
  let window = source.read(at, Math.min(rest, 64 * 1024));
  let item = readSequenceItem(window, 0, ITEM);
  if (item.kind === 'truncated' && window.length < rest) {
    window = source.read(at, Math.min(rest, BATCH_MAX));
    item = readSequenceItem(window, 0, ITEM);
  }
  if (item.kind === 'truncated' && window.length === rest) {
    if (holdsBatch(window)) return corrupt('no batch begins here, but one follows');
    return { kind: 'torn', file, at, size: source.size };
  }
  const zeros = window.length === rest && isZero(window);
  if (zeros) return { kind: 'torn', file, at, size: source.size };
  if (item.kind !== 'item') return corrupt('not a batch');
  const batch = decode(Batch, item.bytes, BATCH_MAX);
  if (!batch.ok) return corrupt(batch.fault.detail);
  const [records, chain] = batch.value;
  for (const [offset, record] of records.entries()) {
    if (record[0] !== position.index + offset)
      return corrupt(`record ${record[0]} where ${position.index + offset} is due`);
  }
  if (!equalBytes(chain, chainBatch(position.chain, records)))
    return corrupt('the chain hash does not fit the records');
  return { kind: 'batch', file, at, end: at + item.next, records, chain };
}

function checkSegment(record: LogRecord | undefined, number: number, position: Position): string | undefined {
  if (record === undefined || record[1] !== 'segment')
    return 'the file does not begin with its segment record';
  const segment = decode(Segment, record[4]);
  if (!segment.ok) return segment.fault.detail;
  if (segment.value.number !== number) return `the file is segment ${segment.value.number}, not ${number}`;
  if (!equalBytes(segment.value.previous, position.chain))
    return 'the file does not follow the one before it';
  position.owner ??= segment.value.owner;
  return segment.value.owner === position.owner ? undefined : 'the file belongs to another owner';
}

/**
 * Whether a batch stands whole somewhere in what looks torn: then not a crash cut this off, but a length before it was
 * damaged, and cutting here would forget what has left the machine. A batch is known by the chain hash right before it.
 */
function holdsBatch(tail: Uint8Array): boolean {
  for (let at = tail.indexOf(0x82, 32); at !== -1; at = tail.indexOf(0x82, at + 1)) {
    const item = readSequenceItem(tail, at, ITEM);
    const batch = item.kind === 'item' ? decode(Batch, item.bytes, BATCH_MAX) : undefined;
    if (batch?.ok !== true) continue;
    const [records, chain] = batch.value;
    if (equalBytes(chain, chainBatch(tail.subarray(at - 32, at), records))) return true;
  }
  return false;
}

/** Some file systems lengthen a file before its data: a crash then leaves zeros. */
function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whose log `directory` holds, as its first record says; undefined where there is none yet or it cannot be read. */
export function ownerOf(directory: string): string | undefined {
  // The first file may have been moved away: each begins with its owner.
  const name = readdirSync(directory)
    .filter((one) => NAME.test(one))
    .sort()[0];
  if (name === undefined) return undefined;
  const source = openSource(join(directory, name));
  try {
    const item = readSequenceItem(source.read(0, Math.min(source.size, 64 * 1024)), 0, ITEM);
    const batch = item.kind === 'item' ? decode(Batch, item.bytes, BATCH_MAX) : undefined;
    const record = batch?.ok === true ? batch.value[0][0] : undefined;
    const segment = record === undefined ? undefined : decode(Segment, record[4]);
    return segment?.ok === true ? segment.value.owner : undefined;
  } finally {
    source.close();
  }
}
