/** A PSBT that Electrum drafts in our watch-only wallet file becomes a draft. It counts paths from the account keys. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@coldwire/protocol';
import { encodeAddress, serializeStripped, serializeWithWitness, txidOf } from '@coldwire/wallet';
import { describeForElectrum } from '@coldwire/wallet/export/other-wallets.ts';
import { readPsbt } from '@coldwire/wallet/import/psbt.ts';
import { afterAll, expect, test } from 'vitest';
import { describeWithOracle, run } from '../../../wallet/test/oracle/oracles.ts';
import { draftTransaction, importDraft, prepareDraft, readPayee } from '../../src/draft/index.ts';
import { fill, makeIntent, scripts } from '../parts.ts';

const [own] = scripts;
if (own === undefined) throw new Error('a wallet');
const { wallet } = own;
const parent = {
  version: 2,
  locktime: 0,
  inputs: [{ outpoint: { txid: fill(9, 32), vout: 0 }, sequence: 0xfffffffd }],
  outputs: [{ amount: 1_000_000n, script: own.at(0, 3).scriptPubKey }],
} as const;
const intents = [makeIntent({ seed: 1 }), makeIntent({ seed: 2, amount: 150_000n })];

describeWithOracle('electrum', ['electrum', 'version', '--offline'], 'apt-get install electrum', () => {
  const home = mkdtempSync(join(tmpdir(), 'coldwire-electrum-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'watch');
  const electrum = (...args: string[]): string =>
    run('electrum', [...args, '-w', file, '--offline', '-D', home, '--regtest']).trim();

  test('what Electrum drafts in our wallet file is taken over as the same transaction', () => {
    writeFileSync(file, describeForElectrum(wallet));
    const broadcast = serializeWithWitness(parent, [[Uint8Array.of(1)]]);
    electrum('addtransaction', Buffer.from(broadcast).toString('hex'));
    const payments = intents
      .map(readPayee)
      .map(({ script, amount }) => [encodeAddress(script, 'regtest'), Number(amount) / 1e8]);
    const base64 = electrum('paytomany', JSON.stringify(payments), '--unsigned', '-f', '0.00003');
    const read = readPsbt(new Uint8Array(Buffer.from(base64, 'base64')));
    if (!read.ok) throw new Error(`${read.fault.code}: ${read.fault.detail}`);
    const imported = importDraft(read.value, scripts, intents);
    if (imported.kind !== 'imported') throw new Error(`${imported.code}: ${imported.what}`);
    const { draft } = imported;
    expect(toHex(serializeStripped(draftTransaction(draft, scripts)))).toBe(
      toHex(serializeStripped(read.value.tx)),
    );
    expect(draft.inputs).toEqual([[txidOf(parent), 0, 1_000_000n, 0, 0, 3]]);
    expect(draft.change.map(([place, index]) => [place, index])).toEqual([[0, 0]]);
    expect(prepareDraft(draft, [], scripts).fee).toBe(3000n);
  });
});
