import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { HDKey } from '@scure/bip32';
import { Transaction } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import { exportPsbt, type PsbtChange, type PsbtInput } from '../../src/export/psbt.ts';
import {
  BLOCK_LIMITS,
  bodyOf,
  createScripts,
  createSighash,
  decodeTransaction,
  displayTxid,
  serializeStripped,
  serializeWithWitness,
  txidOf,
  type UnsignedTransaction,
  witnessFor,
} from '../../src/index.ts';
import { noblePointMath } from '../../src/noble.ts';
import { sampleSpend } from './sample-spend.ts';

/** Signs as another wallet would: finds its own key by the fingerprint in the PSBT and derives along the path there. */
function signByOrigin(psbt: Transaction, master: HDKey): void {
  for (let i = 0; i < psbt.inputsLength; i++) {
    const own = psbt
      .getInput(i)
      .bip32Derivation?.find(([, origin]) => origin.fingerprint === master.fingerprint);
    if (own === undefined) throw new Error(`input ${i} does not name this master key`);
    const key = own[1].path.reduce((node, step) => node.deriveChild(step), master).privateKey;
    if (key === null) throw new Error('the master key is private');
    expect(psbt.signIdx(key, i)).toBe(true);
  }
}

test('@scure/btc-signer reads the PSBT: transaction, spent outputs, scripts and origins', () => {
  const { known, scripts, tx, inputs, change } = sampleSpend('read');
  const read = Transaction.fromPSBT(exportPsbt(scripts, tx, inputs, change));
  expect(toHex(read.unsignedTx)).toBe(toHex(serializeStripped(tx)));
  for (const [i, input] of inputs.entries()) {
    const script = scripts.at(input.chain, input.index);
    const field = read.getInput(i);
    expect(field.witnessUtxo).toEqual({ amount: input.amount, script: script.scriptPubKey });
    expect(field.witnessScript).toEqual(script.witnessScript);
    expect(field.sighashType).toBe(1);
    expect(field.bip32Derivation).toHaveLength(3);
    for (const [signer, key] of known.wallet.keys.entries()) {
      const [, origin] =
        field.bip32Derivation?.find(
          ([public_]) => toHex(public_) === toHex(script.publicKeys[signer] ?? new Uint8Array()),
        ) ?? [];
      expect(origin?.fingerprint).toBe(Number.parseInt(toHex(key.fingerprint), 16));
      expect(origin?.path).toEqual([...key.path, input.chain, input.index]);
    }
  }
  const own = read.getOutput(change[0]?.output ?? -1);
  expect(own.witnessScript).toEqual(scripts.at(1, 9).witnessScript);
  expect(own.bip32Derivation).toHaveLength(3);
  expect(read.getOutput(0).bip32Derivation).toBeUndefined();
});

test('two masters sign the PSBT in @scure/btc-signer, and its final transaction is ours, byte for byte', () => {
  const { known, scripts, tx, inputs, change } = sampleSpend('sign');
  const psbt = Transaction.fromPSBT(exportPsbt(scripts, tx, inputs, change));
  const [a, , c] = known.masters;
  if (a === undefined || c === undefined) throw new Error('three masters');
  signByOrigin(psbt, a);
  signByOrigin(psbt, c);
  psbt.finalize();
  const decoded = decodeTransaction(psbt.extract(), BLOCK_LIMITS);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  expect(bodyOf(decoded.value)).toEqual(tx);
  expect(decoded.value.txid).toEqual(txidOf(tx));
  expect(psbt.id).toBe(displayTxid(txidOf(tx)));
});

test('signatures made so far travel in the PSBT, and one master completes it elsewhere', () => {
  const { known, scripts, tx, inputs, change, signInput } = sampleSpend('partial');
  const sighash = createSighash(tx);
  const partly = inputs.map((input, i): PsbtInput => {
    const { witnessScript } = scripts.at(input.chain, input.index);
    const signature = signInput(1, input, sighash.sighashAll(i, witnessScript, input.amount));
    return { ...input, signatures: [{ signer: 1, signature }] };
  });
  const psbt = Transaction.fromPSBT(exportPsbt(scripts, tx, partly, change));
  const last = known.masters[2];
  if (last === undefined) throw new Error('three masters');
  signByOrigin(psbt, last);
  psbt.finalize();
  const ours = serializeWithWitness(
    tx,
    inputs.map((input, i) => {
      const script = scripts.at(input.chain, input.index);
      const hash = sighash.sighashAll(i, script.witnessScript, input.amount);
      return witnessFor(
        script,
        [1, 2].map((signer) => ({ signer, signature: signInput(signer, input, hash) })),
      );
    }),
  );
  expect(toHex(psbt.extract())).toBe(toHex(ours));
});

test('the account keys stand in the PSBT as its global extended keys, with their origins', () => {
  const { known, scripts, tx, inputs, change } = sampleSpend('xpubs');
  const hex = toHex(exportPsbt(scripts, tx, inputs, change));
  for (const [i, key] of known.wallet.keys.entries()) {
    const account = known.accounts[i];
    if (account === undefined) throw new Error('three accounts');
    const bare = new HDKey({
      depth: 4,
      index: 0x80000002,
      chainCode: key.chainCode,
      publicKey: key.publicKey,
    });
    expect(account.publicExtendedKey.slice(0, 4)).toBe('tpub');
    const keyData = `4f01043587cf04${'00000000'}80000002${toHex(key.chainCode)}${toHex(bare.publicKey ?? new Uint8Array())}`;
    const value = `14${toHex(key.fingerprint)}30000080010000800000008002000080`;
    expect(hex).toContain(`${keyData}${value}`);
  }
});

test('a whole previous transaction goes in when it is the right one, and any other throws', () => {
  const { scripts, tx, inputs, change, previous } = sampleSpend('previous');
  const [first, ...rest] = inputs;
  if (first === undefined) throw new Error('an input');
  const read = Transaction.fromPSBT(exportPsbt(scripts, tx, [{ ...first, previous }, ...rest], change));
  expect(read.getInput(0).nonWitnessUtxo?.outputs[0]?.amount).toBe(first.amount);
  const other = Uint8Array.from(previous);
  other[5] = (other[5] ?? 0) ^ 1;
  for (const wrong of [other, previous.subarray(1), new Uint8Array(0)]) {
    expect(() => exportPsbt(scripts, tx, [{ ...first, previous: wrong }, ...rest], change)).toThrow(
      RangeError,
    );
  }
  expect(() => exportPsbt(scripts, tx, [{ ...first, amount: 1n, previous }, ...rest], change)).toThrow(
    'not the one',
  );
});

test('a change output that is not the wallet’s, and inputs that do not fit, throw', () => {
  const { scripts, tx, inputs, change } = sampleSpend('misfit');
  const at = (output: number, index: number): PsbtChange[] => [{ output, chain: 1, index }];
  expect(() => exportPsbt(scripts, tx, inputs, at(0, 9))).toThrow('output 0 is not the wallet');
  expect(() => exportPsbt(scripts, tx, inputs, at(1, 8))).toThrow('output 1 is not the wallet');
  expect(() => exportPsbt(scripts, tx, inputs, at(2, 9))).toThrow('output 2 does not exist');
  expect(() => exportPsbt(scripts, tx, inputs.slice(1), change)).toThrow(RangeError);
});

test('500 inputs export in time that grows with their number, not its square', () => {
  const scripts = createScripts(sampleSpend('large').known.wallet, noblePointMath);
  const script = scripts.at(0, 0).scriptPubKey;
  const build = (count: number) => {
    const tx: UnsignedTransaction = {
      version: 2,
      locktime: 0,
      inputs: Array.from({ length: count }, (_, vout) => ({
        outpoint: { txid: fromHex('11'.repeat(32)), vout },
        sequence: 0,
      })),
      outputs: [{ amount: 1000n, script }],
    };
    const inputs = tx.inputs.map((): PsbtInput => ({ amount: 1000n, chain: 0, index: 0 }));
    // Time of this process alone, the least of three runs: what else the machine does must not count.
    const times = [0, 1, 2].map(() => {
      const began = process.cpuUsage();
      exportPsbt(scripts, tx, inputs, []);
      return process.cpuUsage(began).user / 1000;
    });
    return { length: exportPsbt(scripts, tx, inputs, []).length, ms: Math.min(...times) };
  };
  const small = build(50);
  const large = build(500);
  expect(large.length).toBeGreaterThan(small.length * 8);
  expect(large.ms).toBeLessThan(Math.max(small.ms, 5) * 40);
});
