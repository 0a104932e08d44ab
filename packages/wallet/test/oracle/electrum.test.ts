import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { HDKey } from '@scure/bip32';
import { afterAll, expect, test } from 'vitest';
import { describeForElectrum } from '../../src/export/other-wallets.ts';
import { exportPsbt } from '../../src/export/psbt.ts';
import {
  BLOCK_LIMITS,
  bodyOf,
  createScripts,
  decodeTransaction,
  displayTxid,
  encodeAddress,
  type Network,
  txidOf,
} from '../../src/index.ts';
import { noblePointMath } from '../../src/noble.ts';
import { sampleSpend } from '../export/sample-spend.ts';
import { makeWallet } from '../known-wallets.ts';
import { describeWithOracle, run } from './oracles.ts';

describeWithOracle('electrum', ['electrum', 'version', '--offline'], 'apt-get install electrum', () => {
  const home = mkdtempSync(join(tmpdir(), 'coldwire-electrum-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const electrum = (flag: string | undefined, ...args: string[]): string =>
    run('electrum', [...args, '--offline', '-D', home, ...(flag === undefined ? [] : [flag])]);

  const saveWallet = (name: string, text: string): string => {
    const file = join(home, name);
    writeFileSync(file, text);
    return file;
  };

  const networks: readonly (readonly [Network, string | undefined])[] = [
    ['mainnet', undefined],
    ['signet', '--signet'],
    ['regtest', '--regtest'],
  ];
  for (const [network, flag] of networks) {
    test(`electrum opens our wallet file on ${network} and lists the same 30 addresses`, () => {
      const { wallet } = makeWallet(`electrum ${network}`, network);
      const file = saveWallet(network, describeForElectrum(wallet));
      const listed: string[] = JSON.parse(electrum(flag, 'listaddresses', '-w', file));
      const scripts = createScripts(wallet, noblePointMath);
      const ours = ([0, 1] as const).flatMap((chain) =>
        Array.from({ length: chain === 0 ? 20 : 10 }, (_, i) =>
          encodeAddress(scripts.at(chain, i).scriptPubKey, network),
        ),
      );
      expect(listed).toEqual(ours);
    });
  }

  test('electrum with two of the private keys signs our PSBT into our transaction', () => {
    const { known, scripts, tx, inputs, change } = sampleSpend('electrum signs');
    const psbt = Buffer.from(exportPsbt(scripts, tx, inputs, change)).toString('base64');
    const file = JSON.parse(describeForElectrum(known.wallet));
    for (const signer of [0, 2]) {
      const account = known.accounts[signer];
      if (account === undefined) throw new Error('three accounts');
      const slip132 = new HDKey({
        versions: { private: 0x02575048, public: 0x02575483 },
        depth: account.depth,
        index: account.index,
        chainCode: account.chainCode ?? new Uint8Array(),
        privateKey: account.privateKey ?? new Uint8Array(),
      });
      file[`x${signer + 1}/`].xprv = slip132.privateExtendedKey;
    }
    const path = saveWallet('signing', JSON.stringify(file));
    const signed = electrum('--regtest', 'signtransaction', psbt, '-w', path).trim();
    const decoded = decodeTransaction(fromHex(signed), BLOCK_LIMITS);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    expect(displayTxid(decoded.value.txid)).toBe(displayTxid(txidOf(tx)));
    expect(bodyOf(decoded.value)).toEqual(tx);
    for (const [i, input] of inputs.entries()) {
      const [empty, , , script] = decoded.value.inputs[i]?.witness ?? [];
      expect(empty).toEqual(new Uint8Array(0));
      expect(toHex(script ?? new Uint8Array())).toBe(
        toHex(scripts.at(input.chain, input.index).witnessScript),
      );
    }
  });
});
