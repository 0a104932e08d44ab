/**
 * Reading a transaction that others made: the previous transactions of ADMIT, and a final one before it is believed.
 * Takes both forms, with and without witness (BIP-144); refuses bytes left over, lengths that are not shortest, an
 * empty or superfluous witness marker, no inputs or outputs, amounts or sums above 21 million BTC, and anything over the
 * caller's limits before it is allocated. It says nothing about whether the transaction is valid in a block.
 * Spec: protocol-spec/3-wallet.md, "Reading a transaction".
 */
import { MAX_MONEY } from '@coldwire/protocol/amount.ts';
import { concatBytes } from '@coldwire/protocol/bytes.ts';
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { hash256 } from './hash.ts';
import type { Outpoint, Output, TransactionBody, Witness } from './transaction.ts';
import { createReader, type Reader } from './wire-reader.ts';

/** Highest sizes that a caller accepts: bytes of the whole serialization, numbers of inputs, outputs and witness items. */
export type DecodeLimits = {
  readonly bytes: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly witnessItems: number;
};

/** What any transaction in a block keeps to: a block's 4,000,000 weight units bound bytes, inputs and outputs. */
export const BLOCK_LIMITS: DecodeLimits = {
  bytes: 4_000_000,
  inputs: 25_000,
  outputs: 112_000,
  witnessItems: 4_000_000,
};

export type DecodedInput = {
  readonly outpoint: Outpoint;
  readonly scriptSig: Uint8Array;
  readonly sequence: number;
  /** Empty in the form without witness. */
  readonly witness: Witness;
};

export type DecodedTransaction = {
  readonly form: 'stripped' | 'witness';
  /** As an unsigned 32-bit integer. */
  readonly version: number;
  readonly inputs: readonly DecodedInput[];
  readonly outputs: readonly Output[];
  readonly locktime: number;
  /** 32 bytes in internal order: the hash of the form without witness. */
  readonly txid: Uint8Array;
  /** Bytes of the form without witness. 64 means that no Merkle path to it proves anything. */
  readonly strippedLength: number;
  /** Weight units (BIP-141): three times the form without witness plus the whole. */
  readonly weight: number;
};

/** A coinbase input: previous txid zero, vout 2³² − 1. Its outputs cannot be spent for 100 blocks. */
export function isCoinbase(tx: DecodedTransaction): boolean {
  const first = tx.inputs[0];
  return (
    first !== undefined &&
    first.outpoint.vout === 0xffffffff &&
    first.outpoint.txid.every((byte) => byte === 0)
  );
}

/** What signature hashes of a decoded transaction depend on, or `undefined` when an input has a scriptSig: none of ours. */
export function bodyOf(tx: DecodedTransaction): TransactionBody | undefined {
  if (tx.inputs.some((input) => input.scriptSig.length > 0)) return undefined;
  const inputs = tx.inputs.map(({ outpoint, sequence }) => ({ outpoint, sequence }));
  return { version: tx.version, locktime: tx.locktime, inputs, outputs: tx.outputs };
}

type BareInput = Omit<DecodedInput, 'witness'>;

function readInputs(reader: Reader, limits: DecodeLimits): BareInput[] {
  const start = reader.at();
  const count = reader.compactSize(limits.inputs, 'the number of inputs');
  if (count === 0) reader.fail('MALFORMED', 'a transaction without inputs', start);
  const inputs: BareInput[] = [];
  while (inputs.length < count && !reader.failed()) {
    const outpoint = { txid: reader.raw(32, 'a txid'), vout: reader.u32() };
    inputs.push({ outpoint, scriptSig: reader.prefixed('a scriptSig'), sequence: reader.u32() });
  }
  return inputs;
}

function readOutputs(reader: Reader, limits: DecodeLimits): Output[] {
  const start = reader.at();
  const count = reader.compactSize(limits.outputs, 'the number of outputs');
  if (count === 0) reader.fail('MALFORMED', 'a transaction without outputs', start);
  const outputs: Output[] = [];
  let sum = 0n;
  while (outputs.length < count && !reader.failed()) {
    const at = reader.at();
    const amount = reader.u64();
    sum += amount;
    if (sum > MAX_MONEY) reader.fail('MALFORMED', 'outputs of more than 21 million BTC', at);
    outputs.push({ amount, script: reader.prefixed('an output script') });
  }
  return outputs;
}

function readWitnesses(reader: Reader, inputs: number, limits: DecodeLimits): Witness[] {
  const start = reader.at();
  const witnesses: Witness[] = [];
  let left = limits.witnessItems;
  let items = 0;
  while (witnesses.length < inputs && !reader.failed()) {
    const count = reader.compactSize(left, 'the number of witness items');
    left -= count;
    items += count;
    const witness: Uint8Array[] = [];
    while (witness.length < count && !reader.failed()) witness.push(reader.prefixed('a witness item'));
    witnesses.push(witness);
  }
  if (items === 0) reader.fail('NONCANONICAL', 'the witness form, with every witness empty', start);
  return witnesses;
}

/** The stripped form of bytes that were decoded as witness form: without marker, flag and witnesses. */
function stripWitness(bytes: Uint8Array, bodyEnd: number): Uint8Array {
  return concatBytes(bytes.subarray(0, 4), bytes.subarray(6, bodyEnd), bytes.subarray(bytes.length - 4));
}

/** Decodes exactly one transaction. Faults: MALFORMED, NONCANONICAL, TOO_LARGE. Never throws on any bytes. */
export function decodeTransaction(bytes: Uint8Array, limits: DecodeLimits): Result<DecodedTransaction> {
  if (bytes.length > limits.bytes) {
    return reject(
      makeFault('TOO_LARGE', `a transaction of ${bytes.length} bytes, the limit is ${limits.bytes}`),
    );
  }
  const reader = createReader(bytes);
  const version = reader.u32();
  const form = bytes[4] === 0x00 ? 'witness' : 'stripped';
  if (form === 'witness') {
    reader.u8();
    if (reader.u8() !== 0x01)
      reader.fail('MALFORMED', 'a transaction without inputs, or an unknown witness flag', 4);
  }
  const inputs = readInputs(reader, limits);
  const outputs = readOutputs(reader, limits);
  const bodyEnd = reader.at();
  const witnesses = form === 'witness' ? readWitnesses(reader, inputs.length, limits) : [];
  const locktime = reader.u32();
  const fault = reader.end();
  if (fault !== undefined) return reject(fault);
  const stripped = form === 'witness' ? stripWitness(bytes, bodyEnd) : bytes;
  return accept({
    form,
    version,
    inputs: inputs.map((input, i) => ({ ...input, witness: witnesses[i] ?? [] })),
    outputs,
    locktime,
    txid: hash256(stripped),
    strippedLength: stripped.length,
    weight: stripped.length * 3 + bytes.length,
  });
}
