/** Transactions: byte form with and without witness (BIP-144), ids, weight (BIP-141). */
import { Rejected } from '../rejected.ts';
import { hash256 } from './hash.ts';
import { concat, displayHash, i32, i64, Reader, size, sized, u32 } from './wire.ts';

export interface Input {
  /** Previous transaction id, 32 bytes, internal order. */
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly script: Uint8Array;
  readonly sequence: number;
  readonly witness: readonly Uint8Array[];
}

export interface Output {
  /** sat */
  readonly amount: bigint;
  readonly script: Uint8Array;
}

export interface Transaction {
  readonly version: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly locktime: number;
}

/** A transaction with everything that is computed from it once. */
export interface KnownTransaction {
  readonly tx: Transaction;
  /** Display order. */
  readonly txid: string;
  readonly wtxid: string;
  readonly raw: Uint8Array;
  readonly strippedSize: number;
  readonly weight: number;
  readonly vsize: number;
}

export const COINBASE_VOUT = 0xffffffff;
export const SEQUENCE_FINAL = 0xffffffff;

function serializeInput(input: Input): Uint8Array {
  return concat([input.txid, u32(input.vout), sized(input.script), u32(input.sequence)]);
}

export function serializeOutput(output: Output): Uint8Array {
  return concat([i64(output.amount), sized(output.script)]);
}

function serializeWitness(witness: readonly Uint8Array[]): Uint8Array {
  return concat([size(witness.length), ...witness.map(sized)]);
}

export function hasWitness(tx: Transaction): boolean {
  return tx.inputs.some((input) => input.witness.length > 0);
}

export function serialize(tx: Transaction, withWitness: boolean): Uint8Array {
  const segwit = withWitness && hasWitness(tx);
  return concat([
    i32(tx.version),
    segwit ? Uint8Array.of(0, 1) : new Uint8Array(),
    size(tx.inputs.length),
    ...tx.inputs.map(serializeInput),
    size(tx.outputs.length),
    ...tx.outputs.map(serializeOutput),
    ...(segwit ? tx.inputs.map((input) => serializeWitness(input.witness)) : []),
    u32(tx.locktime),
  ]);
}

function list<T>(reader: Reader, count: number, read: () => T): T[] {
  if (count > reader.left) throw new Rejected('decode-failed', 'a list is longer than the bytes');
  return Array.from({ length: count }, read);
}

/** Reads one transaction and leaves the reader behind it. */
export function readTransaction(reader: Reader): Transaction {
  const version = reader.i32();
  let inputCount = reader.size();
  let segwit = false;
  if (inputCount === 0) {
    if (reader.u8() !== 1) throw new Rejected('decode-failed', 'no inputs, or unknown flags');
    segwit = true;
    inputCount = reader.size();
  }
  const bare = list(reader, inputCount, () => ({
    txid: reader.bytes(32),
    vout: reader.u32(),
    script: reader.sized(),
    sequence: reader.u32(),
  }));
  const outputs = list(reader, reader.size(), () => ({ amount: reader.i64(), script: reader.sized() }));
  const inputs = bare.map((input) => ({
    ...input,
    witness: segwit ? list(reader, reader.size(), () => reader.sized()) : [],
  }));
  if (segwit && inputs.every((input) => input.witness.length === 0)) {
    throw new Rejected('decode-failed', 'superfluous witness record');
  }
  return { version, inputs, outputs, locktime: reader.u32() };
}

export function describeTransaction(tx: Transaction): KnownTransaction {
  const raw = serialize(tx, true);
  const stripped = serialize(tx, false);
  const weight = stripped.length * 3 + raw.length;
  return {
    tx,
    txid: displayHash(hash256(stripped)),
    wtxid: displayHash(hash256(raw)),
    raw,
    strippedSize: stripped.length,
    weight,
    vsize: Math.ceil(weight / 4),
  };
}

export function parseTransaction(bytes: Uint8Array): KnownTransaction {
  const reader = new Reader(bytes);
  const tx = readTransaction(reader);
  reader.end();
  return describeTransaction(tx);
}

export function isCoinbase(tx: Transaction): boolean {
  const [only] = tx.inputs;
  return tx.inputs.length === 1 && only !== undefined && isNullOutpoint(only);
}

export function isNullOutpoint(input: Input): boolean {
  return input.vout === COINBASE_VOUT && input.txid.every((byte) => byte === 0);
}

/** The name of a coin in maps and messages: `txid:vout`, txid in display order. */
export function outpointOf(input: Input): string {
  return `${displayHash(input.txid)}:${input.vout}`;
}
