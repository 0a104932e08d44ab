/**
 * What an attacker can make of logs. `rewrite` edits records and computes the log chain anew, as anybody with the disk can.
 * `retell` makes messages anew with the keys of both ends, with chains and receipts that fit: a machine that ran another
 * program and kept its story straight.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, openLog, readLog } from '@coldwire/evidence';
import {
  concatBytes,
  decode,
  type Ed25519Signer,
  encode,
  Header,
  hashBody,
  MESSAGE_TYPES,
  MessageBytes,
  type MessageType,
  messageHash,
  messageTypeOf,
  toHex,
} from '@coldwire/protocol';

export type Batch = readonly Entry[];

/** Every batch of a log, without the records that the log itself writes. */
export function readBatches(directory: string): readonly Batch[] {
  const batches: Batch[] = [];
  for (const item of readLog(directory)) {
    if (item.kind !== 'batch') throw new Error(`${directory} is damaged`);
    const entries = item.records
      .filter(([, kind]) => kind !== 'segment')
      .map(([, kind, uptime, time, bytes]) => ({ kind, uptime, time, bytes }));
    if (entries.length > 0) batches.push(entries);
  }
  return batches;
}

/** A log of these batches with a chain that fits. */
export function writeBatches(
  directory: string,
  owner: string,
  batches: readonly Batch[],
  segmentSize = 64 * 1024 * 1024,
): string {
  mkdirSync(directory, { recursive: true });
  const { log } = openLog(directory, owner, () => {}, { segmentSize });
  for (const batch of batches) log.append(batch);
  log.close();
  return directory;
}

export interface Told {
  readonly header: Header;
  readonly type: MessageType;
  /** Canonical CBOR. */
  readonly body: Uint8Array;
  readonly salt: Uint8Array;
}

export function readTold(packed: Uint8Array): Told {
  const parts = decode(MessageBytes, packed, 1_000_000);
  if (!parts.ok) throw new Error(parts.fault.detail);
  const header = decode(Header, parts.value[0], 1024);
  const type = header.ok ? messageTypeOf(header.value.type) : undefined;
  if (!header.ok || type === undefined) throw new Error('not a message');
  return {
    header: header.value,
    type,
    body: parts.value[1].subarray(16),
    salt: parts.value[1].subarray(0, 16),
  };
}

export function isMessage({ kind }: Entry): boolean {
  return kind === 'sent' || kind === 'received';
}

/** What a message shall say instead; undefined leaves it, but for the hashes that must follow. */
export type Edit = (told: Told) =>
  | {
      readonly type?: MessageType;
      readonly body?: Uint8Array;
      readonly receiptSeq?: number;
      readonly request?: Uint8Array;
    }
  | undefined;

/** @returns what each message of the log has become, by its old bytes in hexadecimal */
export function retell(
  batches: readonly Batch[],
  keys: ReadonlyMap<string, Ed25519Signer>,
  edit: Edit,
): (packed: Uint8Array) => Uint8Array {
  const hashes = new Map<string, Uint8Array>();
  const made = new Map<string, Uint8Array>();
  const hashOf = (from: string, to: string, seq: number) =>
    seq === 0 ? new Uint8Array(32) : (hashes.get(`${from} ${to} ${seq}`) ?? new Uint8Array(32));
  for (const { bytes } of batches.flat().filter(isMessage)) {
    const told = readTold(bytes);
    const changed = edit(told) ?? {};
    const { sender, recipient, seq } = told.header;
    const receiptSeq = changed.receiptSeq ?? told.header.receiptSeq;
    const body = concatBytes(told.salt, changed.body ?? told.body);
    const header = encode(Header, {
      ...told.header,
      type: MESSAGE_TYPES[changed.type ?? told.type].number,
      request: changed.request ?? told.header.request,
      previous: hashOf(sender, recipient, seq - 1),
      receiptSeq,
      receipt: hashOf(recipient, sender, receiptSeq),
      bodyHash: hashBody(body),
      bodyLength: body.length,
    });
    const hash = messageHash(header);
    const key = keys.get(sender);
    if (key === undefined) throw new Error(`nobody has the key of ${sender}`);
    hashes.set(`${sender} ${recipient} ${seq}`, hash);
    made.set(toHex(bytes), encode(MessageBytes, [header, body, key.sign(hash)]));
  }
  return (packed) => made.get(toHex(packed)) ?? packed;
}

export function mapMessages(
  batches: readonly Batch[],
  map: (packed: Uint8Array) => Uint8Array,
): readonly Batch[] {
  return batches.map((batch) =>
    batch.map((entry) => (isMessage(entry) ? { ...entry, bytes: map(entry.bytes) } : entry)),
  );
}

let forged = 0;
/** A directory that is not there yet. */
export function newDirectory(parent: string): string {
  forged += 1;
  return join(parent, `forged-${forged}`);
}
