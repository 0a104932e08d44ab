/** A PSBT that a real wallet drafts on our descriptor becomes a draft: BDK, which Bitcoin wallets for phones and desks build on. */
import { join } from 'node:path';
import { toHex } from '@coldwire/protocol';
import { describeWallet, serializeStripped, txidOf, type UnsignedTransaction } from '@coldwire/wallet';
import { readPsbt } from '@coldwire/wallet/import/psbt.ts';
import { expect, test } from 'vitest';
import { ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';
import { describeWithOracle, run } from '../../../wallet/test/oracle/oracles.ts';
import { draftTransaction, importDraft, prepareDraft, readPayee } from '../../src/draft/index.ts';
import { fill, makeIntent, scripts } from '../parts.ts';

const INDEX = 7;
const AMOUNT = 1_000_000n;
const [own] = scripts;
if (own === undefined) throw new Error('a wallet');
const { scriptPubKey } = own.at(0, INDEX);
const descriptor = describeWallet(own.wallet);
const intents = [makeIntent({ seed: 1 }), makeIntent({ seed: 2, amount: 150_000n }), makeIntent({ seed: 3 })];
const parents = [1, 2].map(
  (mark): UnsignedTransaction => ({
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: fill(mark, 32), vout: 0 }, sequence: 0xfffffffd }],
    outputs: [{ amount: AMOUNT, script: scriptPubKey }],
  }),
);

function draftWithBdk(): { readonly psbt: string; readonly fee: number } {
  const payments = intents
    .map(readPayee)
    .map(({ amount, script }) => ({ amount: Number(amount), script: toHex(script) }));
  const transactions = parents.map((parent) => toHex(serializeStripped(parent)));
  const asked = { descriptor, index: INDEX, transactions, payments };
  return JSON.parse(
    run(ORACLE_PYTHON, [join(import.meta.dirname, 'draft_with_bdk.py')], JSON.stringify(asked)),
  );
}

describeWithOracle(
  'bdkpython',
  [ORACLE_PYTHON, '-c', 'import bdkpython'],
  'scripts/oracles/install-python.sh',
  () => {
    test('what the Bitcoin Development Kit drafts on our descriptor is taken over as the same transaction', () => {
      const answer = draftWithBdk();
      const read = readPsbt(new Uint8Array(Buffer.from(answer.psbt, 'base64')));
      if (!read.ok) throw new Error(`${read.fault.code}: ${read.fault.detail}`);
      const imported = importDraft(read.value, scripts, intents);
      if (imported.kind !== 'imported') throw new Error(`${imported.code}: ${imported.what}`);
      const { draft } = imported;
      expect(toHex(serializeStripped(draftTransaction(draft, scripts)))).toBe(
        toHex(serializeStripped(read.value.tx)),
      );
      expect(draft.intents).toHaveLength(3);
      expect(draft.change.map(([wallet, index]) => [wallet, index])).toEqual([[0, 0]]);
      const known = parents.map((parent) => toHex(txidOf(parent)));
      for (const [txid, vout, amount, ...place] of draft.inputs) {
        expect(known).toContain(toHex(txid));
        expect([vout, amount, ...place]).toEqual([0, AMOUNT, 0, 0, INDEX]);
      }
      expect(prepareDraft(draft, [], scripts).fee).toBe(BigInt(answer.fee));
    });
  },
);
