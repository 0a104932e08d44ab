/**
 * Snapshots beside the log: what its owner's state was at a place of it, so that a start folds only what came after. A file is a
 * CBOR sequence: where it stands, rows of the owner's, SHA-256 of all before. It is believed only if it is whole and stands in
 * this log: the chain hash there is the one that it names. Otherwise an older one is, or none: the log alone is the truth.
 * Spec: protocol-spec/9-evidence.md, "Snapshots".
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  bytes,
  decode,
  encode,
  equalBytes,
  field,
  readSequence,
  struct,
  text,
  uint,
} from '@coldwire/protocol';
import { type LogPlace, segmentName } from './read.ts';

const NAME = /^snapshot-(\d{12})\.cborseq$/;
/** The newest, and the one before in case that it is damaged. */
const KEPT = 2;
const HASH = 32;
const ROW_MAX = 8 * 1024 * 1024;

const Place = struct('SnapshotPlace', {
  owner: field(1, text(1, 16)),
  index: field(2, uint()),
  chain: field(3, bytes(HASH)),
  segment: field(4, uint()),
  offset: field(5, uint()),
});

function namesOf(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => NAME.test(name))
    .sort()
    .reverse();
}

/** Writes a snapshot whole or not at all, and removes those that are older than the one before it. @throws Error (I/O) */
export function writeSnapshot(
  directory: string,
  owner: string,
  place: LogPlace,
  rows: Iterable<Uint8Array>,
): void {
  const name = `snapshot-${String(place.index).padStart(12, '0')}.cborseq`;
  const draft = join(directory, `${name}.new`);
  rmSync(draft, { force: true });
  const fd = openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    const hash = createHash('sha256');
    const put = (part: Uint8Array): void => {
      for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    };
    let pending: Uint8Array[] = [];
    let size = 0;
    const flush = (): void => {
      put(Buffer.concat(pending));
      pending = [];
      size = 0;
    };
    for (const row of withPlace(owner, place, rows)) {
      hash.update(row);
      pending.push(row);
      size += row.length;
      if (size > 1024 * 1024) flush();
    }
    flush();
    put(encode(bytes(HASH), new Uint8Array(hash.digest())));
    fsyncSync(fd);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(draft, join(directory, name));
  syncDirectory(directory);
  for (const old of namesOf(directory).slice(KEPT)) rmSync(join(directory, old), { force: true });
}

function* withPlace(owner: string, place: LogPlace, rows: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield encode(Place, { owner, ...place });
  yield* rows;
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export interface Snapshot {
  readonly file: string;
  readonly place: LogPlace;
  readonly rows: readonly Uint8Array[];
}

/** The whole ones that stand in this log and are its owner's, newest first. */
export function* readSnapshots(directory: string, owner: string): Generator<Snapshot> {
  for (const name of namesOf(directory)) {
    const snapshot = readSnapshot(directory, name, owner);
    if (snapshot !== undefined) yield snapshot;
  }
}

function readSnapshot(directory: string, name: string, owner: string): Snapshot | undefined {
  const file = join(directory, name);
  const whole = new Uint8Array(readFileSync(file));
  const end = whole.length - HASH - 2;
  if (end <= 0) return undefined;
  const digest = new Uint8Array(createHash('sha256').update(whole.subarray(0, end)).digest());
  if (!equalBytes(whole.subarray(end), encode(bytes(HASH), digest))) return undefined;
  const items: Uint8Array[] = [];
  for (const step of readSequence(whole.subarray(0, end), 0, { maxBytes: ROW_MAX })) {
    if (step.kind === 'end') break;
    if (step.kind !== 'item') return undefined;
    items.push(step.bytes);
  }
  const [first, ...rows] = items;
  const read = first === undefined ? undefined : decode(Place, first);
  if (read?.ok !== true || read.value.owner !== owner) return undefined;
  const { owner: _, ...place } = read.value;
  return standsIn(directory, place) ? { file, place, rows } : undefined;
}

/** A batch ends with its chain hash: the 32 bytes before the place are the ones that the snapshot names. */
function standsIn(directory: string, { segment, offset, chain }: LogPlace): boolean {
  let fd: number;
  try {
    fd = openSync(join(directory, segmentName(segment)), 'r');
  } catch {
    return false;
  }
  try {
    const before = new Uint8Array(HASH);
    return (
      offset >= HASH && readSync(fd, before, 0, HASH, offset - HASH) === HASH && equalBytes(before, chain)
    );
  } finally {
    closeSync(fd);
  }
}

/**
 * Segments that no start needs any more: all before the one in which the older of two good snapshots stands. An auditor needs
 * them: they are moved to another disk, not removed.
 * @param reads whether the owner's start reads these rows: one that it passes over counts for nothing
 */
export function findArchivable(
  directory: string,
  owner: string,
  reads: (rows: readonly Uint8Array[]) => boolean = () => true,
): readonly string[] {
  const good = [...readSnapshots(directory, owner)].filter(({ rows }) => reads(rows));
  const [, older] = good;
  if (older === undefined) return [];
  return readdirSync(directory)
    .filter((name) => /^evidence-\d{6}\.cborseq$/.test(name) && name < segmentName(older.place.segment))
    .sort()
    .map((name) => join(directory, name));
}
