/**
 * Transactions that Coldwire builds: types, the serialization without witness, the txid, and with witness.
 * Everything here is ours, so a value out of range is a bug and throws; foreign bytes go through `decode.ts`.
 * Order of inputs and outputs is the draft's, never changed (no BIP-69: the draft decides, signer and gate follow).
 * Spec: protocol-spec/3-wallet.md, "Transaction template" and "Transaction id". Sources: BIP-141, BIP-144.
 */
import { MAX_MONEY } from '@coldwire/protocol/amount.ts';
import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { reverseBytes } from './byte-order.ts';
import { hash256 } from './hash.ts';
import { compactSizeLength, prefixedLength, Writer } from './wire-writer.ts';

/** The sequence of every input unless the draft says otherwise: replaceable (BIP-125), locktime in force. */
export const DEFAULT_SEQUENCE = 0xfffffffd;

/** A reference to one output of one transaction. `txid` is 32 bytes in internal order, as in the serialization. */
export type Outpoint = { readonly txid: Uint8Array; readonly vout: number };

/** An output of ours that can be spent: where it is, what it is worth (sat), and which script of which wallet holds it. */
export type Coin = Outpoint & {
  readonly amount: bigint;
  /** Place of the wallet in the charter's list. */
  readonly wallet: number;
  readonly chain: 0 | 1;
  readonly index: number;
};

/** `amount` in sat; `script` is the whole scriptPubKey. */
export type Output = { readonly amount: bigint; readonly script: Uint8Array };

/** An input whose scriptSig is empty, as all of ours are. The type keeps decoded foreign inputs out of serialization. */
export type UnsignedInput = {
  readonly outpoint: Outpoint;
  readonly sequence: number;
  readonly scriptSig?: never;
};

/** Everything that a txid and a signature hash depend on. `version` is unsigned 32-bit. */
export type TransactionBody = {
  readonly version: number;
  readonly locktime: number;
  readonly inputs: readonly UnsignedInput[];
  readonly outputs: readonly Output[];
};

/** A transaction that Coldwire builds: version 2, always. */
export type UnsignedTransaction = TransactionBody & { readonly version: 2 };

/** The stack of one input's witness, bottom first. */
export type Witness = readonly Uint8Array[];

/** A txid as people read it: 64 hex digits, byte order reversed. */
export function displayTxid(txid: Uint8Array): string {
  return toHex(reverseBytes(txid));
}

/** Reads a txid as people write it (64 hex digits); `undefined` when it is not one. */
export function parseTxid(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? reverseBytes(fromHex(text)) : undefined;
}

/** `txid:vout`, txid in display order: the key of an outpoint in maps and logs. */
export function outpointKey(outpoint: Outpoint): string {
  return `${displayTxid(outpoint.txid)}:${outpoint.vout}`;
}

/** True when both name the same output. */
export function equalOutpoints(a: Outpoint, b: Outpoint): boolean {
  return a.vout === b.vout && equalBytes(a.txid, b.txid);
}

/** 36 bytes: txid, then vout as u32 little-endian. */
export function writeOutpoint(writer: Writer, outpoint: Outpoint): void {
  if (outpoint.txid.length !== 32) throw new RangeError(`a txid has 32 bytes, not ${outpoint.txid.length}`);
  writer.raw(outpoint.txid);
  writer.u32(outpoint.vout);
}

/** Amount as u64 little-endian, then the script with its length. Throws on an amount outside 0..21 million BTC. */
export function writeOutput(writer: Writer, output: Output): void {
  if (output.amount < 0n || output.amount > MAX_MONEY) {
    throw new RangeError(`an output of ${output.amount} sat is outside 0 to ${MAX_MONEY}`);
  }
  writer.u64(output.amount);
  writer.prefixed(output.script);
}

/** Number of bytes of the outputs, without their count. */
export function outputsLength(outputs: readonly Output[]): number {
  return outputs.reduce((sum, output) => sum + 8 + prefixedLength(output.script.length), 0);
}

/** Bytes of one input without witness: outpoint 36, empty scriptSig 1, sequence 4. */
export const STRIPPED_INPUT_LENGTH = 41;

function bodyLength(tx: TransactionBody): number {
  const inputs = compactSizeLength(tx.inputs.length) + tx.inputs.length * STRIPPED_INPUT_LENGTH;
  return inputs + compactSizeLength(tx.outputs.length) + outputsLength(tx.outputs);
}

function writeBody(writer: Writer, tx: TransactionBody): void {
  writer.compactSize(tx.inputs.length);
  for (const input of tx.inputs) {
    writeOutpoint(writer, input.outpoint);
    writer.u8(0);
    writer.u32(input.sequence);
  }
  writer.compactSize(tx.outputs.length);
  for (const output of tx.outputs) writeOutput(writer, output);
}

function assertShape(tx: TransactionBody): void {
  if (tx.inputs.length === 0) throw new RangeError('a transaction needs an input');
  if (tx.outputs.length === 0) throw new RangeError('a transaction needs an output');
}

/** The transaction without witness and with empty scriptSigs: what the txid is the hash of. */
export function serializeStripped(tx: TransactionBody): Uint8Array {
  assertShape(tx);
  const writer = new Writer(4 + bodyLength(tx) + 4);
  writer.u32(tx.version);
  writeBody(writer, tx);
  writer.u32(tx.locktime);
  return writer.finish();
}

/** The txid, 32 bytes in internal order. */
export function txidOf(tx: TransactionBody): Uint8Array {
  return hash256(serializeStripped(tx));
}

function witnessLength(witness: Witness): number {
  return witness.reduce((sum, item) => sum + prefixedLength(item.length), compactSizeLength(witness.length));
}

/** The final transaction as it is broadcast (BIP-144), one witness per input in the order of the inputs. */
export function serializeWithWitness(tx: TransactionBody, witnesses: readonly Witness[]): Uint8Array {
  assertShape(tx);
  if (witnesses.length !== tx.inputs.length) {
    throw new RangeError(`${tx.inputs.length} inputs need as many witnesses, not ${witnesses.length}`);
  }
  if (witnesses.every((witness) => witness.length === 0)) throw new RangeError('every witness is empty');
  const stacks = witnesses.reduce((sum, witness) => sum + witnessLength(witness), 0);
  const writer = new Writer(4 + 2 + bodyLength(tx) + stacks + 4);
  writer.u32(tx.version);
  writer.u8(0);
  writer.u8(1);
  writeBody(writer, tx);
  for (const witness of witnesses) {
    writer.compactSize(witness.length);
    for (const item of witness) writer.prefixed(item);
  }
  writer.u32(tx.locktime);
  return writer.finish();
}
