import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { Transaction } from '@scure/btc-signer';
import { describe, expect, test } from 'vitest';
import { exportPsbt } from '../../src/export/psbt.ts';
import { PSBT_MAX_BYTES, type ReadPsbt, readPsbt } from '../../src/import/psbt.ts';
import { writePsbtMaps } from '../../src/import/psbt-maps.ts';
import { serializeStripped } from '../../src/index.ts';
import { sampleSpend } from '../export/sample-spend.ts';

const DIRECTORY = join(import.meta.dirname, '../../../../protocol-spec/vectors/psbt');

interface Vector {
  readonly name: string;
  readonly expect: string;
  readonly bytes: Uint8Array;
}

function readVector(file: string): Vector {
  const text = readFileSync(join(DIRECTORY, file), 'utf8');
  const hex = text.slice(text.indexOf('\n\n')).replaceAll('\n', '');
  return { name: file.slice(0, -4), expect: /^expect: (\S+)$/m.exec(text)?.[1] ?? '', bytes: fromHex(hex) };
}

const vectors = readdirSync(DIRECTORY).map(readVector);
const codeOf = (bytes: Uint8Array): string => {
  const read = readPsbt(bytes);
  return read.ok ? 'ok' : read.fault.code;
};

function good(bytes: Uint8Array): ReadPsbt {
  const read = readPsbt(bytes);
  if (!read.ok) throw new Error(`${read.fault.code}: ${read.fault.detail}`);
  return read.value;
}

describe('the vectors of PSBTs', () => {
  test.each(vectors)('$name is $expect', ({ bytes, expect: wanted }) => {
    expect(codeOf(bytes)).toBe(wanted);
    if (wanted === 'ok') expect(toHex(writePsbtMaps(good(bytes).maps))).toBe(toHex(bytes));
  });

  test('have one for each code that a PSBT is refused with', () => {
    const codes = [...new Set(vectors.map((vector) => vector.expect))].sort();
    const wanted = ['DUPLICATE', 'FIELD', 'FORM', 'SIGHASH', 'SIGNED', 'UTXO', 'VERSION'].map(
      (code) => `PSBT_${code}`,
    );
    expect(codes).toEqual([...wanted, 'TOO_LARGE', 'ok']);
  });

  test('cut anywhere, a PSBT is refused as one that is cut', () => {
    const sound = vectors.find(({ name }) => name === 'ok-export')?.bytes ?? new Uint8Array(0);
    for (let length = 0; length < sound.length; length++)
      expect(codeOf(sound.subarray(0, length))).toBe('PSBT_FORM');
  });
});

test('what we export is read with every fact that went in', () => {
  const { known, scripts, tx, inputs, change, previous } = sampleSpend('import');
  const [first, ...rest] = inputs;
  if (first === undefined) throw new Error('three inputs');
  const psbt = good(exportPsbt(scripts, tx, [{ ...first, previous }, ...rest], change));
  expect(toHex(serializeStripped(psbt.tx))).toBe(toHex(serializeStripped(tx)));
  for (const [i, { amount, chain, index }] of inputs.entries()) {
    const script = scripts.at(chain, index);
    const input = psbt.inputs[i];
    expect(input?.spent).toEqual({ amount, script: script.scriptPubKey });
    expect(input?.witnessScript).toEqual(script.witnessScript);
    expect(input?.origins).toHaveLength(3);
    for (const [signer, key] of known.wallet.keys.entries()) {
      const { publicKeys } = script;
      expect(input?.origins).toContainEqual({
        publicKey: publicKeys[signer],
        fingerprint: key.fingerprint,
        path: [...key.path, chain, index],
      });
    }
  }
  expect(psbt.outputs.map(({ origins }) => origins.length)).toEqual([0, 3]);
});

test('what @scure/btc-signer makes of the same spend says the same', () => {
  const { known, scripts, tx, inputs } = sampleSpend('scure');
  const made = new Transaction({ version: 2, lockTime: tx.locktime });
  for (const [i, { outpoint, sequence }] of tx.inputs.entries()) {
    const input = inputs[i];
    if (input === undefined) throw new Error('an input for each');
    const script = scripts.at(input.chain, input.index);
    made.addInput({
      txid: Uint8Array.from(outpoint.txid).reverse(),
      index: outpoint.vout,
      sequence,
      witnessUtxo: { amount: input.amount, script: script.scriptPubKey },
      witnessScript: script.witnessScript,
      bip32Derivation: known.wallet.keys.map((key, signer) => [
        script.publicKeys[signer] ?? new Uint8Array(),
        {
          fingerprint: Number.parseInt(toHex(key.fingerprint), 16),
          path: [...key.path, input.chain, input.index],
        },
      ]),
    });
  }
  for (const { amount, script } of tx.outputs) made.addOutput({ amount, script });
  const psbt = good(made.toPSBT(0));
  const ours = good(exportPsbt(scripts, tx, inputs, []));
  expect(psbt.tx).toEqual(ours.tx);
  const sorted = ({ inputs: all }: ReadPsbt) =>
    all.map((input) => ({
      ...input,
      origins: [...input.origins].sort((a, b) => Buffer.compare(a.publicKey, b.publicKey)),
    }));
  expect(sorted(psbt)).toEqual(sorted(ours));
  expect(codeOf(made.toPSBT(2))).toBe('PSBT_VERSION');
});

test('bytes after the end, which @scure/btc-signer takes, are refused', () => {
  const { scripts, tx, inputs, change } = sampleSpend('trailing');
  const sound = exportPsbt(scripts, tx, inputs, change);
  const longer = concatBytes(sound, Uint8Array.of(0));
  expect(Transaction.fromPSBT(longer).inputsLength).toBe(3);
  expect(codeOf(longer)).toBe('PSBT_FORM');
});

test('a PSBT above the limit is refused before it is looked at', () => {
  const huge = new Uint8Array(PSBT_MAX_BYTES + 1);
  expect(codeOf(huge)).toBe('TOO_LARGE');
  expect(equalBytes(huge.subarray(0, 4), Uint8Array.of(0, 0, 0, 0))).toBe(true);
});
