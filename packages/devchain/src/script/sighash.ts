/**
 * What a signature signs: the original form, BIP-143 for segwit version 0, BIP-341 for taproot key spends.
 *
 * ECDSA signs the double SHA-256 of a message. What is returned here is the single one; verification hashes it once
 * more, because OpenSSL takes messages and no ready hashes.
 */
import { hash256, sha256, taggedHash } from '../primitives/hash.ts';
import type { Input, Output, Transaction } from '../primitives/transaction.ts';
import { serialize, serializeOutput } from '../primitives/transaction.ts';
import { concat, i32, i64, sized, u32 } from '../primitives/wire.ts';

export const SIGHASH = { DEFAULT: 0, ALL: 1, NONE: 2, SINGLE: 3, ANYONECANPAY: 0x80 } as const;
const ZERO = new Uint8Array(32);
const NO_OUTPUT: Output = { amount: -1n, script: new Uint8Array() };

const baseOf = (type: number): number => type & 0x1f;
const anyoneCanPay = (type: number): boolean => (type & SIGHASH.ANYONECANPAY) !== 0;

/** The original message, hashed once. Null for SINGLE without a matching output, whose "hash" is the number one. */
export function legacyMessage(
  tx: Transaction,
  index: number,
  code: Uint8Array,
  type: number,
): Uint8Array | null {
  const base = baseOf(type);
  const own = tx.outputs[index];
  if (base === SIGHASH.SINGLE && own === undefined) return null;
  const blank = (input: Input, i: number): Input => ({
    ...input,
    script: i === index ? code : new Uint8Array(),
    sequence: i === index || base === SIGHASH.ALL ? input.sequence : 0,
    witness: [],
  });
  const inputs = tx.inputs.map(blank).filter((_, i) => i === index || !anyoneCanPay(type));
  const single = own === undefined ? [] : [...Array.from({ length: index }, () => NO_OUTPUT), own];
  const outputs = base === SIGHASH.NONE ? [] : base === SIGHASH.SINGLE ? single : tx.outputs;
  return sha256(concat([serialize({ ...tx, inputs, outputs }, false), u32(type)]));
}

/** The parts of BIP-143 and BIP-341 that all inputs share, hashed once per transaction. */
export interface SharedHashes {
  readonly prevouts: Uint8Array;
  readonly sequences: Uint8Array;
  readonly outputs: Uint8Array;
  readonly amounts: Uint8Array;
  readonly scripts: Uint8Array;
}

const outpointBytes = (input: Input): Uint8Array => concat([input.txid, u32(input.vout)]);

/** Single SHA-256 of each; BIP-143 hashes once more. `coins` are the outputs spent, in order. */
export function shareHashes(tx: Transaction, coins: readonly Output[]): SharedHashes {
  return {
    prevouts: sha256(concat(tx.inputs.map(outpointBytes))),
    sequences: sha256(concat(tx.inputs.map((input) => u32(input.sequence)))),
    outputs: sha256(concat(tx.outputs.map(serializeOutput))),
    amounts: sha256(concat(coins.map((coin) => i64(coin.amount)))),
    scripts: sha256(concat(coins.map((coin) => sized(coin.script)))),
  };
}

/** What one input's signature commits to. */
export interface Spend {
  readonly tx: Transaction;
  readonly index: number;
  readonly input: Input;
  readonly coin: Output;
  readonly shared: SharedHashes;
}

/** BIP-143's message, hashed once. */
export function segwitMessage(spend: Spend, code: Uint8Array, type: number): Uint8Array {
  const { tx, index, input, coin, shared } = spend;
  const base = baseOf(type);
  const all = base !== SIGHASH.NONE && base !== SIGHASH.SINGLE;
  const own = tx.outputs[index];
  const single = base === SIGHASH.SINGLE && own !== undefined ? hash256(serializeOutput(own)) : ZERO;
  return sha256(
    concat([
      i32(tx.version),
      anyoneCanPay(type) ? ZERO : sha256(shared.prevouts),
      anyoneCanPay(type) || !all ? ZERO : sha256(shared.sequences),
      outpointBytes(input),
      sized(code),
      i64(coin.amount),
      u32(input.sequence),
      all ? sha256(shared.outputs) : single,
      u32(tx.locktime),
      u32(type),
    ]),
  );
}

/** BIP-341's hash for a key spend without annex. Null for SINGLE without a matching output. */
export function taprootHash(spend: Spend, type: number): Uint8Array | null {
  const { tx, index, input, coin, shared } = spend;
  const base = type & 3;
  const own = tx.outputs[index];
  if (base === SIGHASH.SINGLE && own === undefined) return null;
  const inputs = anyoneCanPay(type)
    ? []
    : [shared.prevouts, shared.amounts, shared.scripts, shared.sequences];
  const outputs = base === SIGHASH.NONE || base === SIGHASH.SINGLE ? [] : [shared.outputs];
  const coinBytes = [outpointBytes(input), i64(coin.amount), sized(coin.script), u32(input.sequence)];
  const single = base === SIGHASH.SINGLE && own !== undefined ? [sha256(serializeOutput(own))] : [];
  return taggedHash(
    'TapSighash',
    concat([
      Uint8Array.of(0, type),
      i32(tx.version),
      u32(tx.locktime),
      ...inputs,
      ...outputs,
      Uint8Array.of(0),
      ...(anyoneCanPay(type) ? coinBytes : [u32(index)]),
      ...single,
    ]),
  );
}
