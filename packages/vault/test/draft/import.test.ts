import { type Draft, type SignedIntent, toHex } from '@coldwire/protocol';
import { createScripts, fingerprintOf, serializeStripped, type WalletScripts } from '@coldwire/wallet';
import { exportPsbt } from '@coldwire/wallet/export/psbt.ts';
import { type ReadInput, type ReadOutput, type ReadPsbt, readPsbt } from '@coldwire/wallet/import/psbt.ts';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { buildDraft, draftTransaction, type ImportResult, importDraft } from '../../src/draft/index.ts';
import { makeCoin, makeIntent, scripts } from '../parts.ts';

const intents: readonly SignedIntent[] = [makeIntent({ seed: 1 }), makeIntent({ seed: 2, amount: 70_000n })];
const payees = intents.map(([intent, signature]) => ({ intent, signature }));
const draft: Draft = buildDraft({
  coins: [makeCoin(3), { ...makeCoin(4), chain: 1, index: 9 }],
  payees,
  change: { wallet: 0, index: 5, amount: 1_879_000n, position: 1 },
  locktime: 100,
});

/** As our own export shows a draft of one wallet. */
function exportDraft(one: Draft, [own]: readonly WalletScripts[]): Uint8Array {
  if (own === undefined) throw new Error('a wallet');
  const inputs = one.inputs.map(([, , amount, , chain, index]) => {
    return { amount, chain: chain === 1 ? 1 : 0, index } as const;
  });
  const change = one.change.map(([, index, , output]) => ({ output, chain: 1, index }) as const);
  return exportPsbt(own, draftTransaction(one, [own]), inputs, change);
}

function read(bytes: Uint8Array): ReadPsbt {
  const psbt = readPsbt(bytes);
  if (!psbt.ok) throw new Error(psbt.fault.detail);
  return psbt.value;
}

const psbt = read(exportDraft(draft, scripts));

function draftOf(result: ImportResult): Draft {
  if (result.kind !== 'imported') throw new Error(`${result.code}: ${result.what}`);
  return result.draft;
}

describe('a PSBT on our descriptor', () => {
  test('that we exported ourselves gives the same draft again', () => {
    expect(draftOf(importDraft(psbt, scripts, intents))).toEqual(draft);
  });

  test('gives the order of its outputs to the intents, whatever order they are given in', () => {
    const imported = draftOf(importDraft(psbt, scripts, [...intents].reverse()));
    expect(imported).toEqual(draft);
    expect(toHex(serializeStripped(draftTransaction(imported, scripts)))).toBe(
      toHex(serializeStripped(psbt.tx)),
    );
  });

  test('that pays one destination the same amount twice pays two intents, each once', () => {
    const [first] = payees;
    if (first === undefined) throw new Error('an intent');
    const again = makeIntent({ seed: 1, created: 101 });
    const twins = [...intents.slice(0, 1), again];
    const double = buildDraft({
      coins: [makeCoin(3)],
      payees: twins.map(([intent, signature]) => ({ intent, signature })),
      change: null,
      locktime: 0,
    });
    expect(draftOf(importDraft(read(exportDraft(double, scripts)), scripts, twins)).intents).toEqual(twins);
  });

  test('is found in whichever wallet of the charter its coins are', () => {
    const [old] = scripts;
    if (old === undefined) throw new Error('a wallet');
    const keys = old.wallet.keys.map((key) => ({ ...key, chainCode: sha256(key.chainCode) }));
    const both = [createScripts({ ...old.wallet, keys }, noblePointMath), old];
    const imported = draftOf(importDraft(psbt, both, intents));
    expect(imported.inputs.map(([, , , wallet]) => wallet)).toEqual([1, 1]);
    expect(imported.change.map(([wallet]) => wallet)).toEqual([1]);
  });

  test('that cancels pays nobody and keeps everything', () => {
    const cancel = buildDraft({
      coins: [makeCoin(3)],
      payees: [],
      change: { wallet: 0, index: 5, amount: 990_000n, position: 0 },
      locktime: 0,
    });
    expect(draftOf(importDraft(read(exportDraft(cancel, scripts)), scripts, []))).toEqual(cancel);
  });
});

/** The PSBT with its first input, or one of its outputs, changed. */
function withInput(change: (input: ReadInput) => ReadInput): ReadPsbt {
  return { ...psbt, inputs: psbt.inputs.map((input, at) => (at === 0 ? change(input) : input)) };
}
function withOutput(place: number, change: (output: ReadOutput) => ReadOutput): ReadPsbt {
  return { ...psbt, outputs: psbt.outputs.map((output, at) => (at === place ? change(output) : output)) };
}
function withTx(change: (tx: ReadPsbt['tx']) => Partial<ReadPsbt['tx']>): ReadPsbt {
  return { ...psbt, tx: { ...psbt.tx, ...change(psbt.tx) } };
}
const moved = (input: ReadInput, steps: readonly number[]): ReadInput => {
  return {
    ...input,
    origins: input.origins.map((origin) => ({ ...origin, path: [...origin.path.slice(0, -2), ...steps] })),
  };
};
const other = scripts[0]?.at(0, 77);
if (other === undefined) throw new Error('a wallet');
const ownCoin = psbt.inputs[0]?.origins ?? [];

const UNFIT: readonly (readonly [string, string | undefined, ReadPsbt])[] = [
  ['of version 1', 'TX_FIELDS', withTx(() => ({ version: 1 }))],
  [
    'with an input that cannot be replaced',
    'TX_FIELDS',
    withTx(({ inputs }) => ({ inputs: inputs.map((input) => ({ ...input, sequence: 0xffffffff })) })),
  ],
  [
    'that spends a coin twice',
    'DUP_INPUT',
    withTx(({ inputs }) => ({ inputs: inputs.flatMap((input) => [input, input]).slice(0, 2) })),
  ],
  [
    'without a hint where an input is ours',
    'INPUT_FOREIGN',
    withInput((input) => ({ ...input, origins: [] })),
  ],
  ['with a hint to another index', 'INPUT_FOREIGN', withInput((input) => moved(input, [0, 4]))],
  ['with a hint to a hardened index', 'INPUT_FOREIGN', withInput((input) => moved(input, [0, 0x80000003]))],
  ['with a hint to a third chain', 'INPUT_FOREIGN', withInput((input) => moved(input, [2, 3]))],
  ['with a hint a step too deep', 'INPUT_FOREIGN', withInput((input) => moved(input, [0, 3, 0]))],
  [
    'with the hints of another master key',
    'INPUT_FOREIGN',
    withInput((input) => ({
      ...input,
      origins: input.origins.map((origin) => ({ ...origin, fingerprint: Uint8Array.of(9, 9, 9, 9) })),
    })),
  ],
  [
    'with an input whose script is not ours at the place it names',
    'INPUT_FOREIGN',
    withInput((input) => ({ ...input, spent: { ...input.spent, script: other.scriptPubKey } })),
  ],
  [
    'with another witness script',
    'INPUT_FOREIGN',
    withInput((input) => ({ ...input, witnessScript: other.witnessScript })),
  ],
  [
    'with so many hints that looking takes long',
    'INPUT_FOREIGN',
    withInput((input) => ({
      ...input,
      origins: [10, 11, 12, 13].flatMap((index) => moved(input, [0, index]).origins).concat(ownCoin),
    })),
  ],
  [
    'without a hint where change is ours',
    'NOT_CHANGE',
    withOutput(1, (output) => ({ ...output, origins: [] })),
  ],
  [
    'with change whose witness script is another',
    'NOT_CHANGE',
    withOutput(1, (output) => ({ ...output, witnessScript: other.witnessScript })),
  ],
  [
    'that pays an intent one sat less',
    'NOT_CHANGE',
    withTx(({ outputs }) => ({
      outputs: outputs.map((output, at) => (at === 0 ? { ...output, amount: output.amount - 1n } : output)),
    })),
  ],
  [
    'that pays out more than it spends',
    'VALUE_RANGE',
    withInput((input) => ({ ...input, spent: { ...input.spent, amount: 1n } })),
  ],
];

describe('a PSBT is refused', () => {
  test.each(UNFIT)('%s: %s', (_, code, unfit) => {
    expect(importDraft(unfit, scripts, intents)).toMatchObject({ kind: 'unfit', code });
  });

  test('that leaves an intent unpaid, naming it by its place in the list', () => {
    const third = makeIntent({ seed: 3 });
    const result = importDraft(psbt, scripts, [third, ...intents]);
    expect(result).toEqual({ kind: 'unfit', what: 'intent 1 is not paid by it' });
  });

  test('whose change is at a receiving address, or in more than eight outputs', () => {
    const [own] = scripts;
    const receiving = own?.at(0, 8);
    if (own === undefined || receiving === undefined) throw new Error('a wallet');
    const inputs = [{ amount: 1_000_000n, chain: 0, index: 3 }] as const;
    const spend = (outputs: readonly Uint8Array[]) =>
      ({
        ...draftTransaction(draft, scripts),
        inputs: draftTransaction(draft, scripts).inputs.slice(0, 1),
        outputs: outputs.map((script) => ({ amount: 1000n, script })),
      }) as const;
    const atReceiving = exportPsbt(own, spend([receiving.scriptPubKey]), inputs, [
      { output: 0, chain: 0, index: 8 },
    ]);
    expect(importDraft(read(atReceiving), scripts, [])).toMatchObject({ code: 'NOT_CHANGE' });
    const places = Array.from({ length: 9 }, (_, index) => ({ output: index, chain: 1, index }) as const);
    const nine = spend(places.map(({ index }) => own.at(1, index).scriptPubKey));
    expect(importDraft(read(exportPsbt(own, nine, inputs, places)), scripts, [])).toMatchObject({
      code: 'LIMIT',
    });
  });

  test('of nobody whose wallet counts paths from the account keys, as Electrum does', () => {
    const relative = (origins: ReadInput['origins'], fingerprints: readonly Uint8Array[]) =>
      origins.map((origin, at) => ({
        ...origin,
        path: origin.path.slice(-2),
        fingerprint: fingerprints[at] ?? new Uint8Array(),
      }));
    const keys = scripts[0]?.wallet.keys ?? [];
    const accounts = keys.map(({ publicKey }) => fingerprintOf(publicKey));
    const change = (fingerprints: readonly Uint8Array[]) =>
      withInput((input) => ({ ...input, origins: relative(input.origins, fingerprints) }));
    expect(draftOf(importDraft(change(accounts), scripts, intents))).toEqual(draft);
    const masters = change(keys.map(({ fingerprint }) => fingerprint));
    expect(importDraft(masters, scripts, intents)).toMatchObject({ code: 'INPUT_FOREIGN' });
  });

  test('of nobody who adds decoys to the right hints', () => {
    const decoyed = withInput((input) => ({
      ...input,
      origins: [...moved(input, [0, 10]).origins, ...moved(input, [1, 3]).origins, ...input.origins],
    }));
    expect(draftOf(importDraft(decoyed, scripts, intents))).toEqual(draft);
  });
});
