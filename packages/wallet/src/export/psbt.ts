/**
 * A spend as a PSBT version 0, for people who sign with other wallets: recovery without Coldwire, and hardware wallets.
 * It never crosses the signers' line; signers build their transactions from drafts.
 * Every input carries the spent output, the witness script and the origin of all three keys; change outputs likewise.
 * With `previous` the whole previous transaction goes in too, which some hardware wallets ask for before they believe
 * an amount; its txid must be the one that the input spends.
 * Spec: protocol-spec/3-wallet.md, "PSBT". Source: BIP-174.
 */
import { concatBytes, equalBytes } from '@coldwire/protocol/bytes.ts';
import { compareBytes } from '../byte-order.ts';
import { BLOCK_LIMITS, decodeTransaction } from '../decode.ts';
import type { AccountKey } from '../extended-key.ts';
import { extendAccountKey, extendedKeyBytes } from '../extended-key-text.ts';
import type { Chain, DerivedScript, Wallet, WalletScripts } from '../scripts.ts';
import { SIGHASH_ALL } from '../sighash.ts';
import { derEncode } from '../signature.ts';
import {
  type Outpoint,
  type Output,
  outputsLength,
  serializeStripped,
  type UnsignedTransaction,
  writeOutput,
} from '../transaction.ts';
import { prefixedLength, Writer } from '../wire-writer.ts';
import type { SignerSignature } from '../witness.ts';

/** What input i of the transaction spends, in the order of the inputs. */
export type PsbtInput = {
  readonly amount: bigint;
  readonly chain: Chain;
  readonly index: number;
  /** The whole previous transaction, with or without witness. */
  readonly previous?: Uint8Array;
  /** Signatures made so far. */
  readonly signatures?: readonly SignerSignature[];
};

/** An output of the transaction that is the wallet's own, by its place among the outputs. */
export type PsbtChange = { readonly output: number; readonly chain: Chain; readonly index: number };

type Entry = { readonly key: Uint8Array; readonly value: Uint8Array };

const MAGIC = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);
const GLOBAL = { unsignedTransaction: 0x00, xpub: 0x01 } as const;
const INPUT = {
  previous: 0x00,
  spentOutput: 0x01,
  signature: 0x02,
  sighash: 0x03,
  witnessScript: 0x05,
  origin: 0x06,
} as const;
const OUTPUT = { witnessScript: 0x01, origin: 0x02 } as const;

function entry(type: number, value: Uint8Array, keyData: Uint8Array = new Uint8Array(0)): Entry {
  return { key: concatBytes(Uint8Array.of(type), keyData), value };
}

/** One map: its entries in the order of their keys, then a zero byte. */
function serializeMap(entries: readonly Entry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => compareBytes(a.key, b.key));
  const length = sorted.reduce(
    (sum, { key, value }) => sum + prefixedLength(key.length) + prefixedLength(value.length),
    1,
  );
  const writer = new Writer(length);
  for (const { key, value } of sorted) {
    writer.prefixed(key);
    writer.prefixed(value);
  }
  writer.u8(0);
  return writer.finish();
}

/** Master fingerprint, then each step as u32 little-endian. */
function originOf(key: AccountKey, below: readonly number[]): Uint8Array {
  const path = [...key.path, ...below];
  const writer = new Writer(4 + 4 * path.length);
  writer.raw(key.fingerprint);
  for (const step of path) writer.u32(step);
  return writer.finish();
}

function serializeOutput(output: Output): Uint8Array {
  const writer = new Writer(outputsLength([output]));
  writeOutput(writer, output);
  return writer.finish();
}

function originsOf(wallet: Wallet, script: DerivedScript, type: number): Entry[] {
  return wallet.keys.map((key, signer) => {
    const publicKey = script.publicKeys[signer] ?? new Uint8Array(0);
    return entry(type, originOf(key, [script.chain, script.index]), publicKey);
  });
}

function assertPrevious(previous: Uint8Array, outpoint: Outpoint, spent: Output): void {
  const decoded = decodeTransaction(previous, BLOCK_LIMITS);
  if (!decoded.ok) throw new RangeError(`previous transaction: ${decoded.fault.detail}`);
  const output = decoded.value.outputs[outpoint.vout];
  const same =
    output !== undefined && output.amount === spent.amount && equalBytes(output.script, spent.script);
  if (!equalBytes(decoded.value.txid, outpoint.txid) || !same) {
    throw new RangeError('the previous transaction is not the one that the input spends');
  }
}

function inputEntries(scripts: WalletScripts, outpoint: Outpoint, input: PsbtInput): Entry[] {
  const script = scripts.at(input.chain, input.index);
  const spent = { amount: input.amount, script: script.scriptPubKey };
  const entries = [
    entry(INPUT.spentOutput, serializeOutput(spent)),
    entry(INPUT.sighash, Uint8Array.of(SIGHASH_ALL, 0, 0, 0)),
    entry(INPUT.witnessScript, script.witnessScript),
    ...originsOf(scripts.wallet, script, INPUT.origin),
  ];
  if (input.previous !== undefined) {
    assertPrevious(input.previous, outpoint, spent);
    entries.push(entry(INPUT.previous, input.previous));
  }
  for (const { signer, signature } of input.signatures ?? []) {
    const publicKey = script.publicKeys[signer];
    if (publicKey === undefined) throw new RangeError(`signer ${signer} does not exist`);
    const value = concatBytes(derEncode(signature), Uint8Array.of(SIGHASH_ALL));
    entries.push(entry(INPUT.signature, value, publicKey));
  }
  return entries;
}

function outputEntries(scripts: WalletScripts, output: Output, change: PsbtChange | undefined): Entry[] {
  if (change === undefined) return [];
  const script = scripts.at(change.chain, change.index);
  if (!equalBytes(output.script, script.scriptPubKey))
    throw new RangeError(`output ${change.output} is not the wallet's`);
  return [
    entry(OUTPUT.witnessScript, script.witnessScript),
    ...originsOf(scripts.wallet, script, OUTPUT.origin),
  ];
}

/**
 * The PSBT, as bytes (base64 of them is the usual text form). Throws RangeError when inputs and transaction differ in
 * number, when a previous transaction is another one, or when a change output is not the wallet's.
 */
export function exportPsbt(
  scripts: WalletScripts,
  tx: UnsignedTransaction,
  inputs: readonly PsbtInput[],
  change: readonly PsbtChange[],
): Uint8Array {
  const { wallet } = scripts;
  if (inputs.length !== tx.inputs.length)
    throw new RangeError(`${inputs.length} inputs for ${tx.inputs.length}`);
  const stray = change.find(({ output }) => tx.outputs[output] === undefined);
  if (stray !== undefined) throw new RangeError(`output ${stray.output} does not exist`);
  const xpubs = wallet.keys.map((key) =>
    entry(GLOBAL.xpub, originOf(key, []), extendedKeyBytes(extendAccountKey(key, wallet.network))),
  );
  const maps = [
    [entry(GLOBAL.unsignedTransaction, serializeStripped(tx)), ...xpubs],
    ...tx.inputs.map(({ outpoint }, i) => {
      const input = inputs[i];
      return input === undefined ? [] : inputEntries(scripts, outpoint, input);
    }),
    ...tx.outputs.map((output, i) =>
      outputEntries(
        scripts,
        output,
        change.find((own) => own.output === i),
      ),
    ),
  ];
  return concatBytes(MAGIC, ...maps.map(serializeMap));
}
