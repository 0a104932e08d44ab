import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex } from '@coldwire/protocol/bytes.ts';
import { Transaction } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import { ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';
import { exportPsbt } from '../../src/export/psbt.ts';
import { createScripts, describeChain, describeWallet, encodeAddress, MAX_INDEX } from '../../src/index.ts';
import { noblePointMath } from '../../src/noble.ts';
import { sampleSpend } from '../export/sample-spend.ts';
import { makeWallet } from '../known-wallets.ts';
import { describeWithOracle, run } from './oracles.ts';

const INSTALL = 'scripts/oracles/install-python.sh';
const here = dirname(fileURLToPath(import.meta.url));
const indices = [0, 1, 2, 500, 1_000_000, MAX_INDEX];

type Answer = { readonly addresses: string[][]; readonly psbt: string; readonly fee: number };

function ask(script: string, question: unknown): Answer {
  return JSON.parse(run(ORACLE_PYTHON, [join(here, script)], JSON.stringify(question)));
}

/** Everything that a PSBT says, in an order of its own. */
function readFields(base64: string): unknown {
  const psbt = Transaction.fromPSBT(Buffer.from(base64, 'base64'));
  return {
    length: base64.length,
    transaction: toHex(psbt.unsignedTx),
    inputs: Array.from({ length: psbt.inputsLength }, (_, i) => psbt.getInput(i)),
    outputs: Array.from({ length: psbt.outputsLength }, (_, i) => psbt.getOutput(i)),
  };
}

describeWithOracle('bdkpython', [ORACLE_PYTHON, '-c', 'import bdkpython'], INSTALL, () => {
  for (const network of ['mainnet', 'testnet4', 'signet', 'regtest'] as const) {
    test(`the Bitcoin Development Kit reads our multipath descriptor on ${network}: same addresses`, () => {
      const { wallet } = makeWallet(`bdk ${network}`, network);
      const scripts = createScripts(wallet, noblePointMath);
      const spend = sampleSpend(`bdk spend ${network}`, network);
      const psbt = Buffer.from(exportPsbt(spend.scripts, spend.tx, spend.inputs, spend.change)).toString(
        'base64',
      );
      const answer = ask('read_with_bdk.py', { network, descriptor: describeWallet(wallet), indices, psbt });
      expect(answer.addresses).toEqual(
        ([0, 1] as const).map((chain) =>
          indices.map((index) => encodeAddress(scripts.at(chain, index).scriptPubKey, network)),
        ),
      );
      expect(answer.fee).toBe(5000);
      // It writes the three extended keys in another order, which BIP-174 leaves open.
      expect(readFields(answer.psbt)).toEqual(readFields(psbt));
    });
  }
});

describeWithOracle('hwi', [ORACLE_PYTHON, '-c', 'import hwilib.psbt, hwilib.descriptor'], INSTALL, () => {
  test('HWI reads our single-path descriptors and our PSBT: same scripts, same bytes, same origins', () => {
    const { known, scripts, tx, inputs, change, previous } = sampleSpend('hwi');
    const [first, ...rest] = inputs;
    if (first === undefined) throw new Error('an input');
    const bytes = exportPsbt(scripts, tx, [{ ...first, previous }, ...rest], change);
    const psbt = Buffer.from(bytes).toString('base64');
    // Its curve arithmetic is plain Python: about a second a script.
    const few = [1_000_000];
    const descriptors = [describeChain(known.wallet, 0), describeChain(known.wallet, 1)];
    expect(ask('read_with_hwi.py', { descriptors, indices: few, psbt })).toEqual({
      scripts: ([0, 1] as const).map((chain) =>
        few.map((index) => toHex(scripts.at(chain, index).witnessScript)),
      ),
      psbt,
      origins: known.wallet.keys.map((key) => `${toHex(key.fingerprint)}/48h/1h/0h/2h`).sort(),
    });
  });
});
