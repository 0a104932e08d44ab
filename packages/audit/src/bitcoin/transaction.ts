/**
 * The transaction that a draft means, built by the auditor itself with the coders of @scure/btc-signer: txid, and BIP-143
 * signature hashes with the three inner hashes computed once. Refuses, in words, a draft that means none.
 * Spec: protocol-spec/4-messages.md, "Drafts". Sources: BIP-143, BIP-144.
 */
import { createHash } from 'node:crypto';
import { concatBytes, type Draft, decodeIntent, toHex } from '@coldwire/protocol';
import { RawInput, RawOldTx, RawOutput, VarBytes } from '@scure/btc-signer/script.js';
import type { Script, Scripts } from './script.ts';

const VERSION = 2;
const SEQUENCE = 0xfffffffd;
const SIGHASH_ALL = 1;

export interface BuiltInput {
  /** `txid:vout`, txid as people see it. */
  readonly outpoint: string;
  readonly amount: bigint;
  readonly script: Script;
}

export interface Built {
  /** Serialized without witness. */
  readonly unsigned: Uint8Array;
  /** Internal byte order. */
  readonly txid: Uint8Array;
  readonly inputs: readonly BuiltInput[];
  /** The 32 bytes that sign an input. */
  sighash(input: number): Uint8Array;
}

export function hash256(...parts: readonly Uint8Array[]): Uint8Array {
  const once = createHash('sha256')
    .update(concatBytes(...parts))
    .digest();
  return new Uint8Array(createHash('sha256').update(once).digest());
}

/** A hash as people see it. */
export function reverseHex(hash: Uint8Array): string {
  return toHex(Uint8Array.from(hash).reverse());
}

type RawInputs = Parameters<typeof RawInput.encode>[0][];
type RawOutputs = Parameters<typeof RawOutput.encode>[0][];

/** @returns the transaction, or why there is none */
export function buildTransaction(scripts: Scripts, draft: Draft): Built | string {
  const inputs: BuiltInput[] = [];
  const rawInputs: RawInputs = [];
  for (const [txid, vout, amount, wallet, chain, index] of draft.inputs) {
    const script = scripts.at(wallet, chain, index);
    if (script === undefined) return `an input at ${wallet}/${chain}/${index}, which is nowhere`;
    inputs.push({ outpoint: `${reverseHex(txid)}:${vout}`, amount, script });
    const shown = Uint8Array.from(txid).reverse(); // the coder turns it back
    rawInputs.push({ txid: shown, index: vout, finalScriptSig: new Uint8Array(), sequence: SEQUENCE });
  }
  const outputs = placeOutputs(scripts, draft);
  if (typeof outputs === 'string') return outputs;
  const unsigned = RawOldTx.encode({
    version: VERSION,
    inputs: rawInputs,
    outputs,
    lockTime: draft.locktime,
  });
  const sighash = prepareSighash(rawInputs, outputs, draft.locktime, inputs);
  return { unsigned, txid: hash256(unsigned), inputs, sighash };
}

function placeOutputs(scripts: Scripts, draft: Draft): RawOutputs | string {
  const outputs: RawOutputs = [];
  for (const [bytes] of draft.intents) {
    const intent = decodeIntent(bytes);
    if (!intent.ok) return `an intent that is none: ${intent.fault.detail}`;
    outputs.push({ amount: intent.value.amount, script: intent.value.script });
  }
  let last = -1;
  for (const [wallet, index, amount, position] of draft.change) {
    const script = scripts.at(wallet, 1, index);
    if (script === undefined) return `change at ${wallet}/1/${index}, which is nowhere`;
    if (position <= last || position > outputs.length) return `change at the impossible position ${position}`;
    last = position;
    outputs.splice(position, 0, { amount, script: script.scriptPubKey });
  }
  return outputs.length === 0 ? 'no output' : outputs;
}

function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** BIP-143 with SIGHASH_ALL. */
function prepareSighash(
  rawInputs: RawInputs,
  rawOutputs: RawOutputs,
  locktime: number,
  inputs: readonly BuiltInput[],
): (input: number) => Uint8Array {
  const u32 = (value: number) => littleEndian(BigInt(value), 4);
  const outpoints = rawInputs.map((input) => RawInput.encode(input).subarray(0, 36));
  const prevouts = hash256(...outpoints);
  const sequences = hash256(...rawInputs.map(({ sequence }) => u32(sequence)));
  const outputs = hash256(...rawOutputs.map((output) => RawOutput.encode(output)));
  return (place) => {
    const input = inputs[place];
    const outpoint = outpoints[place];
    if (input === undefined || outpoint === undefined) throw new Error(`there is no input ${place}`);
    const code = VarBytes.encode(input.script.witnessScript);
    const amount = littleEndian(input.amount, 8);
    const front = [u32(VERSION), prevouts, sequences, outpoint, code, amount, u32(SEQUENCE)];
    return hash256(...front, outputs, u32(locktime), u32(SIGHASH_ALL));
  };
}
