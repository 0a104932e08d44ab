/**
 * The evidence log as bytes: a CBOR sequence (RFC 8742) of batches `[records, chain]`; each batch is one synced write, so
 * a crash loses a whole batch or nothing, and `chain` binds it to all before it.
 * Spec: protocol-spec/9-evidence.md.
 */
import { bytes, encode, field, type Infer, list, literal, struct, text, tuple, uint } from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

/**
 * What a record holds.
 * received, sent: the exact bytes of a message `[header, body, signature]`. local: an input of the state machine that is
 * no message (start, unlock, lock, freeze). change: what the state machine decided, as its own CBOR. segment: the first
 * record of each file.
 */
export const RECORD_KINDS = ['segment', 'received', 'sent', 'local', 'change'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export const RECORD_MAX = 1024 * 1024;

export const LogRecord = tuple(
  /** Gapless from 0 over all segments. */
  uint(),
  literal(...RECORD_KINDS),
  /** Monotonic µs since the owner's program started, and its real-time clock in seconds since 1970. */
  uint(),
  uint(),
  bytes(0, RECORD_MAX),
);
export type LogRecord = Infer<typeof LogRecord>;

const Records = list(LogRecord, 1, 4096);
export const Batch = tuple(Records, bytes(32));
export type Batch = Infer<typeof Batch>;

/** The payload of a segment record: whose log, which file of it, and the chain hash before it. */
export const Segment = struct('Segment', {
  owner: field(1, text(1, 16)),
  number: field(2, uint()),
  previous: field(3, bytes(32)),
});
export type Segment = Infer<typeof Segment>;

/** Chain hash before the first batch of the first segment. */
export const LOG_START: Uint8Array = new Uint8Array(32);

export function chainBatch(previous: Uint8Array, records: readonly LogRecord[]): Uint8Array {
  return taggedHash('log', previous, encode(Records, records));
}
