/**
 * Reads an unsigned PSBT that another wallet drafted (BIP-174, version 0), for the vault alone: no PSBT crosses the signers'
 * line. What it says of keys and places is a hint and nothing else; only outpoints, amounts and scripts count, and the vault
 * rebuilds those from the charter.
 * Refuses: PSBT_FORM and PSBT_DUPLICATE (psbt-maps.ts), and a transaction that is none; PSBT_VERSION, version 2 (BIP-370) or a
 * mix; PSBT_FIELD, a field that a draft would lose, or one of a wrong length; PSBT_SIGNED, signatures where none may be yet;
 * PSBT_SIGHASH, another type than ALL; PSBT_UTXO, an input that does not show what it spends, or shows it in two ways.
 * Spec: protocol-spec/3-wallet.md, "Reading a PSBT".
 */
import { MAX_MONEY } from '@coldwire/protocol/amount.ts';
import { equalBytes } from '@coldwire/protocol/bytes.ts';
import {
  accept,
  type Fault,
  type FaultCode,
  makeFault,
  type Result,
  reject,
} from '@coldwire/protocol/fault.ts';
import { BLOCK_LIMITS, bodyOf, decodeTransaction } from '../decode.ts';
import { SIGHASH_ALL } from '../sighash.ts';
import type { Output, TransactionBody } from '../transaction.ts';
import { createReader } from '../wire-reader.ts';
import { type PsbtEntry, type PsbtMap, readPsbtMaps } from './psbt-maps.ts';

/** Where a key is said to come from: master fingerprint (4 bytes) and path (u32). A claim. */
export type KeyOrigin = {
  readonly publicKey: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly path: readonly number[];
};

export type ReadInput = {
  /** What it spends, by the previous transaction where that is given, else by the witness UTXO's word. */
  readonly spent: Output;
  readonly witnessScript: Uint8Array | undefined;
  readonly origins: readonly KeyOrigin[];
};

export type ReadOutput = Omit<ReadInput, 'spent'>;

export type ReadPsbt = {
  readonly tx: TransactionBody;
  /** In the order of the transaction's inputs and outputs. */
  readonly inputs: readonly ReadInput[];
  readonly outputs: readonly ReadOutput[];
  /** Every entry as it came: {@link writePsbtMaps} makes the same bytes of them. */
  readonly maps: readonly PsbtMap[];
};

/** With 1,024 inputs of ours and their previous transactions whole, as large as they come from other wallets. */
export const PSBT_MAX_BYTES = 32 * 1024 * 1024;
/** What a draft can have (coldwire.cddl). */
const TX_LIMITS = { bytes: 400_000, inputs: 1024, outputs: 1032, witnessItems: 4096 };
/** Steps of a path: ours has six. */
const MOST_STEPS = 16;

type Note = (code: FaultCode, detail: string, at: number) => void;

/** `key`: bytes of key data. `value`: whether the value may have so many bytes. */
type Shape = {
  readonly name: string;
  readonly key: number;
  readonly value: (length: number) => boolean;
};
type Section = {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Shape>;
  /** Types that hold signatures. */
  readonly signed: readonly number[];
  /** Types of version 2 only. */
  readonly later: readonly number[];
};

const any = (): boolean => true;
const exactly = (wanted: number) => (length: number) => length === wanted;
const isOrigin = (length: number): boolean => length >= 4 && length % 4 === 0 && length <= 4 + 4 * MOST_STEPS;

const GLOBAL: Section = {
  name: 'global',
  fields: new Map([
    [0x00, { name: 'unsigned transaction', key: 0, value: any }],
    [0x01, { name: 'extended key', key: 78, value: isOrigin }],
    [0xfb, { name: 'version', key: 0, value: exactly(4) }],
  ]),
  signed: [],
  later: [0x02, 0x03, 0x04, 0x05, 0x06],
};
const INPUT: Section = {
  name: 'input',
  fields: new Map([
    [0x00, { name: 'previous transaction', key: 0, value: any }],
    [0x01, { name: 'witness UTXO', key: 0, value: any }],
    [0x03, { name: 'sighash type', key: 0, value: exactly(4) }],
    [0x05, { name: 'witness script', key: 0, value: any }],
    [0x06, { name: 'key origin', key: 33, value: isOrigin }],
  ]),
  signed: [0x02, 0x07, 0x08],
  later: [0x0e, 0x0f, 0x10, 0x11, 0x12],
};
const OUTPUT: Section = {
  name: 'output',
  fields: new Map([
    [0x01, { name: 'witness script', key: 0, value: any }],
    [0x02, { name: 'key origin', key: 33, value: isOrigin }],
  ]),
  signed: [],
  later: [0x03, 0x04],
};

function checkFields(map: PsbtMap, section: Section, note: Note): void {
  for (const { type, keyData, value, at } of map) {
    const field = `field ${type.toString(16).padStart(2, '0')} of the ${section.name} map`;
    const shape = section.fields.get(type);
    if (section.later.includes(type)) note('PSBT_VERSION', `${field} belongs to version 2`, at);
    else if (section.signed.includes(type)) note('PSBT_SIGNED', `${field} holds signatures`, at);
    else if (shape === undefined) note('PSBT_FIELD', `${field} is not one of a draft`, at);
    else if (keyData.length !== shape.key)
      note('PSBT_FIELD', `${field} (${shape.name}) has a key of ${keyData.length} bytes`, at);
    else if (!shape.value(value.length))
      note('PSBT_FIELD', `${field} (${shape.name}) has a value of ${value.length} bytes`, at);
  }
}

function find(map: PsbtMap, type: number): PsbtEntry | undefined {
  return map.find((entry) => entry.type === type);
}

function readU32(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
}

/** The transaction of a global map whose fields were checked; undefined after a note. */
function readGlobal(map: PsbtMap, note: Note): TransactionBody | undefined {
  const version = find(map, 0xfb);
  if (version !== undefined && readU32(version.value) !== 0)
    note('PSBT_VERSION', `version ${readU32(version.value)}; 0 is read`, version.at);
  const unsigned = find(map, 0x00);
  if (unsigned === undefined) {
    note('PSBT_FORM', 'there is no unsigned transaction', 0);
    return undefined;
  }
  const decoded = decodeTransaction(unsigned.value, TX_LIMITS);
  if (!decoded.ok) {
    const { code, detail } = decoded.fault;
    note(code === 'TOO_LARGE' ? code : 'PSBT_FORM', `the unsigned transaction: ${detail}`, unsigned.at);
    return undefined;
  }
  const body = bodyOf(decoded.value);
  if (body === undefined || decoded.value.form === 'witness')
    note('PSBT_SIGNED', 'the unsigned transaction has scriptSigs or witnesses', unsigned.at);
  return body;
}

function readOrigins(map: PsbtMap, type: number): readonly KeyOrigin[] {
  return map
    .filter((entry) => entry.type === type)
    .map(({ keyData, value }) => ({
      publicKey: keyData,
      fingerprint: value.slice(0, 4),
      path: Array.from({ length: value.length / 4 - 1 }, (_, step) => readU32(value, 4 + 4 * step)),
    }));
}

/** The witness UTXO: amount, script, nothing more. */
function readWitnessUtxo({ value, at }: PsbtEntry, note: Note): Output {
  const reader = createReader(value);
  const spent = { amount: reader.u64(), script: reader.prefixed('a script') };
  if (reader.end() !== undefined || spent.amount > MAX_MONEY)
    note('PSBT_UTXO', 'the witness UTXO is not an output', at);
  return spent;
}

function readPrevious(
  { value, at }: PsbtEntry,
  { txid, vout }: TransactionBody['inputs'][number]['outpoint'],
  note: Note,
): Output | undefined {
  const decoded = decodeTransaction(value, BLOCK_LIMITS);
  const right = decoded.ok && equalBytes(decoded.value.txid, txid);
  const output = right ? decoded.value.outputs[vout] : undefined;
  if (output === undefined)
    note('PSBT_UTXO', 'the previous transaction is not the one that the input spends', at);
  return output;
}

function readInput(
  map: PsbtMap,
  outpoint: TransactionBody['inputs'][number]['outpoint'],
  note: Note,
): ReadInput | undefined {
  const sighash = find(map, 0x03);
  if (sighash !== undefined && readU32(sighash.value) !== SIGHASH_ALL)
    note('PSBT_SIGHASH', `sighash type ${readU32(sighash.value)}; only ALL (1) is signed`, sighash.at);
  const [whole, utxo] = [find(map, 0x00), find(map, 0x01)];
  const proven = whole === undefined ? undefined : readPrevious(whole, outpoint, note);
  const said = utxo === undefined ? undefined : readWitnessUtxo(utxo, note);
  const spent = proven ?? said;
  if (spent === undefined) {
    note('PSBT_UTXO', 'an input shows neither witness UTXO nor previous transaction', map[0]?.at ?? 0);
    return undefined;
  }
  const same = said === undefined || (said.amount === spent.amount && equalBytes(said.script, spent.script));
  if (!same) note('PSBT_UTXO', 'witness UTXO and previous transaction differ', utxo?.at ?? 0);
  return { spent, witnessScript: find(map, 0x05)?.value, origins: readOrigins(map, 0x06) };
}

/** Never throws, whatever the bytes. Faults: the PSBT_ codes above, TOO_LARGE. */
export function readPsbt(bytes: Uint8Array): Result<ReadPsbt> {
  if (bytes.length > PSBT_MAX_BYTES)
    return reject(makeFault('TOO_LARGE', `a PSBT of ${bytes.length} bytes, the limit is ${PSBT_MAX_BYTES}`));
  const reader = readPsbtMaps(bytes);
  const maps: PsbtMap[] = [];
  let first: Fault | undefined;
  const note: Note = (code, detail, at) => {
    first ??= makeFault(code, detail, at);
  };
  /** The next map, its fields checked; undefined after any fault. */
  const next = (section: Section): PsbtMap | undefined => {
    const map = first === undefined ? reader.next() : undefined;
    if (map === undefined) return undefined;
    maps.push(map);
    checkFields(map, section, note);
    return first === undefined ? map : undefined;
  };
  const global = next(GLOBAL);
  const tx = global === undefined ? undefined : readGlobal(global, note);
  const inputs = (tx?.inputs ?? []).flatMap(({ outpoint }) => {
    const map = next(INPUT);
    return map === undefined ? [] : (readInput(map, outpoint, note) ?? []);
  });
  const outputs = (tx?.outputs ?? []).flatMap(() => {
    const map = next(OUTPUT);
    return map === undefined
      ? []
      : { witnessScript: find(map, 0x01)?.value, origins: readOrigins(map, 0x02) };
  });
  const fault = first ?? reader.end();
  if (fault !== undefined || tx === undefined)
    return reject(fault ?? makeFault('PSBT_FORM', 'there is no unsigned transaction'));
  return accept({ tx, inputs, outputs, maps });
}
