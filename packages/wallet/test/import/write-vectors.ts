/**
 * Writes protocol-spec/vectors/psbt: a PSBT as our own export makes it, other forms that are taken as well, and one for each
 * thing that is refused. Writes what does not exist and changes nothing: `node packages/wallet/test/import/write-vectors.ts`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { exportPsbt } from '../../src/export/psbt.ts';
import { readPsbt } from '../../src/import/psbt.ts';
import { type PsbtEntry, type PsbtMap, writePsbtMaps } from '../../src/import/psbt-maps.ts';
import { serializeStripped } from '../../src/index.ts';
import { sampleSpend } from '../export/sample-spend.ts';

const DIRECTORY = join(import.meta.dirname, '../../../../protocol-spec/vectors/psbt');
const { scripts, tx, inputs, change, previous, signInput } = sampleSpend('psbt vectors');
const sound = exportPsbt(scripts, tx, inputs, change);
const read = readPsbt(sound);
if (!read.ok) throw new Error(read.fault.detail);
const { maps } = read.value;
const RULE = '3-wallet.md, "Reading a PSBT"';
const GLOBAL = 0;
const FIRST_INPUT = 1;
const PAYMENT = 1 + tx.inputs.length;

const empty = new Uint8Array(0);
const entry = (type: number, value: Uint8Array, keyData: Uint8Array = empty): PsbtEntry => {
  return { at: 0, type, keyData, value };
};
const u32 = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0);

/** The sound PSBT with one of its maps changed. */
function edit(place: number, change: (map: PsbtMap) => PsbtMap): Uint8Array {
  return writePsbtMaps(maps.map((map, at) => (at === place ? change(map) : map)));
}
const add = (place: number, ...more: PsbtEntry[]) => edit(place, (map) => [...map, ...more]);
const drop = (place: number, ...types: number[]) =>
  edit(place, (map) => map.filter(({ type }) => !types.includes(type)));
const replace = (place: number, type: number, alter: (one: PsbtEntry) => PsbtEntry) =>
  edit(place, (map) => map.map((one) => (one.type === type ? alter(one) : one)));

function fieldOf(place: number, type: number): Uint8Array {
  const found = maps[place]?.find((one) => one.type === type);
  if (found === undefined) throw new Error(`no entry ${type} in map ${place}`);
  return found.value;
}

const [first] = inputs;
if (first === undefined) throw new Error('three inputs');
const publicKey = scripts.at(first.chain, first.index).publicKeys[0] ?? empty;
const signature = concatBytes(signInput(0, first, new Uint8Array(32).fill(1)), Uint8Array.of(1));
const utxo = fieldOf(FIRST_INPUT, 0x01);
const otherAmount = Uint8Array.from(utxo);
otherAmount[0] = (otherAmount[0] ?? 0) ^ 1;
const unsigned = serializeStripped(tx);
/** With a scriptSig of one byte in the first input. */
const scriptSig = concatBytes(unsigned.subarray(0, 41), Uint8Array.of(1, 0x51), unsigned.subarray(42));
const withWitness = concatBytes(
  unsigned.subarray(0, 4),
  Uint8Array.of(0, 1),
  unsigned.subarray(4, -4),
  Uint8Array.of(1, 1, 0x51, 0, 0),
  unsigned.subarray(-4),
);
/** The length of the first global value, 1 byte, written as three: the key before it is `01 00`. */
const longLength = concatBytes(
  sound.subarray(0, 7),
  Uint8Array.of(0xfd, sound[7] ?? 0, 0),
  sound.subarray(8),
);
const noTransaction = drop(GLOBAL, 0x00);

const TAKEN: readonly (readonly [string, string, Uint8Array])[] = [
  ['ok-export', 'as Coldwire exports it: three inputs, a payment, change', sound],
  [
    'ok-previous',
    'the first input shows its whole previous transaction as well',
    add(FIRST_INPUT, entry(0x00, previous)),
  ],
  [
    'ok-previous-alone',
    'the first input shows its previous transaction instead of the witness UTXO',
    writePsbtMaps(
      maps.map((map, at) =>
        at === FIRST_INPUT ? [entry(0x00, previous), ...map.filter(({ type }) => type !== 0x01)] : map,
      ),
    ),
  ],
  [
    'ok-bare',
    'witness UTXOs and nothing else',
    writePsbtMaps(
      maps.map((map, at) =>
        map.filter(({ type }) => (at === GLOBAL ? type === 0 : at < PAYMENT && type === 1)),
      ),
    ),
  ],
  ['ok-version-0', 'says that it is version 0', add(GLOBAL, entry(0xfb, u32(0)))],
  [
    'ok-other-order',
    'entries of each map in the reverse order',
    writePsbtMaps(maps.map((map) => [...map].reverse())),
  ],
  [
    'ok-sighash-left-out',
    'no input says its sighash type, which then is ALL',
    writePsbtMaps(
      maps.map((map, at) => map.filter(({ type }) => at === GLOBAL || at >= PAYMENT || type !== 3)),
    ),
  ],
];

const REFUSED: readonly (readonly [string, string, string, Uint8Array])[] = [
  ['PSBT_FORM', 'form-nothing', 'no bytes', empty],
  [
    'PSBT_FORM',
    'form-magic',
    'the magic of a PSBT with another last byte',
    concatBytes(sound.subarray(0, 4), Uint8Array.of(0xfe), sound.subarray(5)),
  ],
  ['PSBT_FORM', 'form-cut', 'the last byte is missing', sound.subarray(0, -1)],
  ['PSBT_FORM', 'form-cut-in-value', 'ends within the unsigned transaction', sound.subarray(0, 60)],
  ['PSBT_FORM', 'form-trailing', 'one byte more', concatBytes(sound, Uint8Array.of(0))],
  [
    'PSBT_FORM',
    'form-map-too-few',
    'the map of the last output is missing',
    writePsbtMaps(maps.slice(0, -1)),
  ],
  [
    'PSBT_FORM',
    'form-map-too-many',
    'a map more than inputs and outputs',
    writePsbtMaps([...maps, [entry(0x01, utxo)]]),
  ],
  [
    'PSBT_FORM',
    'form-length-not-shortest',
    'the length of the unsigned transaction in three bytes instead of one',
    longLength,
  ],
  [
    'PSBT_FORM',
    'form-type-not-shortest',
    'the key of a version whose type fb is written fd fb 00',
    concatBytes(sound.subarray(0, 5), fromHex('03fdfb000400000000'), sound.subarray(5)),
  ],
  ['PSBT_FORM', 'form-no-transaction', 'no unsigned transaction', noTransaction],
  [
    'PSBT_FORM',
    'form-transaction-cut',
    'the unsigned transaction lacks its last byte',
    replace(GLOBAL, 0, (one) => ({ ...one, value: unsigned.subarray(0, -1) })),
  ],
  [
    'PSBT_FORM',
    'form-transaction-without-inputs',
    'an unsigned transaction without inputs and outputs',
    writePsbtMaps([[entry(0, fromHex('02000000000000000000'))]]),
  ],
  [
    'PSBT_VERSION',
    'version-2',
    'version 2 (BIP-370): counts instead of a transaction',
    writePsbtMaps([
      [
        entry(0x02, u32(2)),
        entry(0x04, Uint8Array.of(3)),
        entry(0x05, Uint8Array.of(2)),
        entry(0xfb, u32(2)),
      ],
      ...maps.slice(1),
    ]),
  ],
  [
    'PSBT_VERSION',
    'version-2-with-transaction',
    'an unsigned transaction, and version 2 all the same',
    add(GLOBAL, entry(0xfb, u32(2))),
  ],
  [
    'PSBT_VERSION',
    'version-mixed-global',
    'an unsigned transaction, and the fallback locktime of version 2',
    add(GLOBAL, entry(0x03, u32(0))),
  ],
  [
    'PSBT_VERSION',
    'version-mixed-input',
    'an input with the previous txid of version 2',
    add(FIRST_INPUT, entry(0x0e, new Uint8Array(32))),
  ],
  [
    'PSBT_VERSION',
    'version-mixed-output',
    'an output with the amount of version 2',
    add(PAYMENT, entry(0x03, new Uint8Array(8))),
  ],
  [
    'PSBT_DUPLICATE',
    'duplicate-global',
    'the unsigned transaction twice',
    add(GLOBAL, entry(0x00, unsigned)),
  ],
  [
    'PSBT_DUPLICATE',
    'duplicate-input',
    'two witness UTXOs of one input, the second with another amount',
    add(FIRST_INPUT, entry(0x01, otherAmount)),
  ],
  [
    'PSBT_DUPLICATE',
    'duplicate-output',
    'one key origin twice',
    edit(PAYMENT + 1, (map) => [...map, ...map.slice(1, 2)]),
  ],
  [
    'PSBT_FIELD',
    'field-unknown-global',
    'a global field that nobody has defined',
    add(GLOBAL, entry(0x40, empty)),
  ],
  [
    'PSBT_FIELD',
    'field-proprietary',
    'a proprietary field',
    add(GLOBAL, entry(0xfc, empty, Uint8Array.of(1, 0x41, 0))),
  ],
  [
    'PSBT_FIELD',
    'field-redeem-script',
    'an input with a redeem script',
    add(FIRST_INPUT, entry(0x04, Uint8Array.of(0x51))),
  ],
  [
    'PSBT_FIELD',
    'field-taproot',
    'an input with a taproot internal key',
    add(FIRST_INPUT, entry(0x17, new Uint8Array(32))),
  ],
  [
    'PSBT_FIELD',
    'field-unknown-output',
    'an output field that nobody has defined',
    add(PAYMENT, entry(0x60, empty)),
  ],
  [
    'PSBT_FIELD',
    'field-key-data',
    'an unsigned transaction under a key with a byte of data',
    replace(GLOBAL, 0, (one) => ({ ...one, keyData: Uint8Array.of(0) })),
  ],
  [
    'PSBT_FIELD',
    'field-key-65',
    'an origin of an uncompressed key',
    add(FIRST_INPUT, entry(0x06, new Uint8Array(8), new Uint8Array(65).fill(4))),
  ],
  [
    'PSBT_FIELD',
    'field-origin-5',
    'an origin of five bytes',
    add(FIRST_INPUT, entry(0x06, new Uint8Array(5), new Uint8Array(33).fill(2))),
  ],
  [
    'PSBT_FIELD',
    'field-xpub-77',
    'an extended key of 77 bytes',
    add(GLOBAL, entry(0x01, new Uint8Array(4), new Uint8Array(77))),
  ],
  [
    'PSBT_FIELD',
    'field-sighash-1',
    'a sighash type of one byte',
    replace(FIRST_INPUT, 3, (one) => ({ ...one, value: Uint8Array.of(1) })),
  ],
  [
    'PSBT_SIGNED',
    'signed-partly',
    'a signature of one of our keys',
    add(FIRST_INPUT, entry(0x02, signature, publicKey)),
  ],
  ['PSBT_SIGNED', 'signed-script', 'a final scriptSig', add(FIRST_INPUT, entry(0x07, Uint8Array.of(0x51)))],
  ['PSBT_SIGNED', 'signed-witness', 'a final witness', add(FIRST_INPUT, entry(0x08, Uint8Array.of(1, 0)))],
  [
    'PSBT_SIGNED',
    'signed-in-transaction',
    'an unsigned transaction with a scriptSig',
    replace(GLOBAL, 0, (one) => ({ ...one, value: scriptSig })),
  ],
  [
    'PSBT_SIGNED',
    'signed-witness-in-transaction',
    'an unsigned transaction in the form with witness',
    replace(GLOBAL, 0, (one) => ({ ...one, value: withWitness })),
  ],
  [
    'PSBT_SIGHASH',
    'sighash-none',
    'sighash type NONE',
    replace(FIRST_INPUT, 3, (one) => ({ ...one, value: u32(2) })),
  ],
  [
    'PSBT_SIGHASH',
    'sighash-anyone',
    'sighash type ALL | ANYONECANPAY',
    replace(FIRST_INPUT, 3, (one) => ({ ...one, value: u32(0x81) })),
  ],
  [
    'PSBT_UTXO',
    'utxo-none',
    'an input without witness UTXO and without previous transaction',
    drop(FIRST_INPUT, 0x01),
  ],
  [
    'PSBT_UTXO',
    'utxo-trailing',
    'a witness UTXO with a byte more',
    replace(FIRST_INPUT, 1, (one) => ({ ...one, value: concatBytes(utxo, Uint8Array.of(0)) })),
  ],
  [
    'PSBT_UTXO',
    'utxo-amount',
    'a witness UTXO of more than 21 million BTC',
    replace(FIRST_INPUT, 1, (one) => ({
      ...one,
      value: concatBytes(fromHex('0140075af0750700'), utxo.subarray(8)),
    })),
  ],
  [
    'PSBT_UTXO',
    'utxo-differs',
    'a witness UTXO with another amount than the previous transaction',
    writePsbtMaps(
      maps.map((map, at) =>
        at === FIRST_INPUT
          ? [entry(0, previous), ...map.map((one) => (one.type === 1 ? { ...one, value: otherAmount } : one))]
          : map,
      ),
    ),
  ],
  [
    'PSBT_UTXO',
    'utxo-other-transaction',
    'the previous transaction of another input',
    add(FIRST_INPUT + 1, entry(0x00, previous)),
  ],
  [
    'TOO_LARGE',
    'too-many-entries',
    '65 entries in one map',
    add(
      FIRST_INPUT,
      ...Array.from({ length: 65 }, (_, i) => entry(0x06, new Uint8Array(8), new Uint8Array(33).fill(i))),
    ),
  ],
];

function write(name: string, expect: string, comment: string, bytes: Uint8Array): void {
  const path = join(DIRECTORY, `${name}.txt`);
  if (existsSync(path)) return;
  const hex = toHex(bytes).replaceAll(/.{96}/g, '$&\n').trimEnd();
  writeFileSync(path, `expect: ${expect}\nrule: ${RULE}\ncomment: ${comment}\n\n${hex}\n`);
}

mkdirSync(DIRECTORY, { recursive: true });
for (const [name, comment, bytes] of TAKEN) write(name, 'ok', comment, bytes);
for (const [code, name, comment, bytes] of REFUSED) write(name, code, comment, bytes);
