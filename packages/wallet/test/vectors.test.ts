/** The frozen vectors of protocol-spec/vectors/wallet, read as another implementation would read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import type { Result } from '@coldwire/protocol/fault.ts';
import { Transaction } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import { exportPsbt } from '../src/export/psbt.ts';
import {
  BLOCK_LIMITS,
  createScripts,
  createSighash,
  decodeTransaction,
  derDecode,
  derEncode,
  describeChain,
  describeWallet,
  displayTxid,
  encodeAddress,
  HARDENED,
  merkleRootFromPath,
  parseHeader,
  serializeStripped,
  serializeWithWitness,
  txidOf,
  type UnsignedTransaction,
  type Wallet,
  witnessFor,
  worstCaseVsize,
} from '../src/index.ts';
import { noblePointMath } from '../src/noble.ts';

const FOLDER = join(import.meta.dirname, '../../../protocol-spec/vectors/wallet');
const FORM = /^expect: (\S+)\nrule: (\S+)\ncomment: (.+)\n\n((?:[0-9a-f]{2})*(?:\n[0-9a-f]+)*)\n$/;

const READERS: { readonly [rule: string]: (bytes: Uint8Array) => Result<unknown> } = {
  transaction: (bytes) => decodeTransaction(bytes, BLOCK_LIMITS),
  header: parseHeader,
  der: derDecode,
};

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));

test('there are vectors of every rule, accepted and refused', () => {
  const seen = files.map((file) => {
    const [, code = '', rule = ''] = FORM.exec(readFileSync(join(FOLDER, file), 'utf8')) ?? [];
    return `${rule} ${code === 'ok' ? 'ok' : 'refused'}`;
  });
  const wanted = Object.keys(READERS).flatMap((rule) => [`${rule} ok`, `${rule} refused`]);
  expect([...new Set(seen)].sort()).toEqual(wanted.sort());
});

for (const file of files) {
  const [, code, rule = '', comment, hex = ''] = FORM.exec(readFileSync(join(FOLDER, file), 'utf8')) ?? [];
  test(`${file}: ${comment}: ${code}`, () => {
    const read = READERS[rule];
    if (read === undefined) throw new Error(`${file} does not have the form of a vector`);
    const result = read(fromHex(hex.replaceAll('\n', '')));
    expect(result.ok ? 'ok' : result.fault.code).toBe(code);
  });
}

type MerkleVector = {
  readonly name: string;
  readonly expect: string;
  readonly txid: string;
  readonly strippedLength: number;
  readonly position: number;
  readonly path: readonly string[];
  readonly root?: string;
};
const merkle: readonly MerkleVector[] = JSON.parse(readFileSync(join(FOLDER, 'merkle.json'), 'utf8')).vectors;

for (const vector of merkle) {
  test(`merkle.json: ${vector.name}: ${vector.expect}`, () => {
    const path = vector.path.map(fromHex);
    const result = merkleRootFromPath(fromHex(vector.txid), vector.strippedLength, vector.position, path);
    expect(result.ok ? 'ok' : result.fault.code).toBe(vector.expect);
    expect(result.ok ? toHex(result.value) : undefined).toBe(vector.root);
  });
}

const known = JSON.parse(readFileSync(join(FOLDER, 'known-answer.json'), 'utf8'));

function readWallet(): Wallet {
  const keys = known.keys.map((key: { [field: string]: string }) => ({
    fingerprint: fromHex(key['fingerprint'] ?? ''),
    path: (key['path'] ?? '').split('/').map((step) => Number.parseInt(step, 10) + HARDENED),
    publicKey: fromHex(key['publicKey'] ?? ''),
    chainCode: fromHex(key['chainCode'] ?? ''),
  }));
  return { network: known.network, threshold: 2, keys };
}

const wallet = readWallet();
const scripts = createScripts(wallet, noblePointMath);

test('known-answer.json: the wallet has these descriptors and scripts', () => {
  expect(describeWallet(wallet)).toBe(known.descriptor);
  expect([describeChain(wallet, 0), describeChain(wallet, 1)]).toEqual([known.receive, known.change]);
  expect(known.scripts).toHaveLength(7);
  for (const wanted of known.scripts) {
    const script = scripts.at(wanted.chain, wanted.index);
    expect(toHex(script.witnessScript)).toBe(wanted.witnessScript);
    expect(toHex(script.scriptPubKey)).toBe(wanted.scriptPubKey);
    expect(encodeAddress(script.scriptPubKey, wallet.network)).toBe(wanted.address);
    for (const [signer, own] of wanted.signers.entries()) {
      expect(toHex(script.publicKeys[signer] ?? new Uint8Array())).toBe(own.publicKey);
      expect(script.sortedPosition[signer]).toBe(own.place);
      expect(toHex(script.tweaks[signer]?.chain ?? new Uint8Array())).toBe(own.chainTweak);
      expect(toHex(script.tweaks[signer]?.index ?? new Uint8Array())).toBe(own.indexTweak);
    }
  }
});

function readSpend(): UnsignedTransaction {
  const { inputs, outputs, locktime } = known.spend;
  return {
    version: 2,
    locktime,
    inputs: inputs.map((input: { txid: string; vout: number; sequence: number }) => ({
      outpoint: { txid: fromHex(input.txid), vout: input.vout },
      sequence: input.sequence,
    })),
    outputs: outputs.map((output: { amount: number; script: string }) => ({
      amount: BigInt(output.amount),
      script: fromHex(output.script),
    })),
  };
}

test('known-answer.json: the spend has this id, these hashes, this final form and this size', () => {
  const tx = readSpend();
  expect(toHex(serializeStripped(tx))).toBe(known.spend.stripped);
  expect(toHex(txidOf(tx))).toBe(known.spend.txid);
  expect(displayTxid(txidOf(tx))).toBe(known.spend.displayedTxid);
  const sighash = createSighash(tx);
  const witnesses = tx.inputs.map((_, i) => {
    const input = known.spend.inputs[i];
    const script = scripts.at(input.chain, input.index);
    expect(toHex(sighash.sighashAll(i, script.witnessScript, BigInt(input.amount)))).toBe(input.sighash);
    const signatures = input.signatures.map((made: { signer: number; compact: string; der: string }) => {
      expect(toHex(derEncode(fromHex(made.compact)))).toBe(made.der);
      return { signer: made.signer, signature: fromHex(made.compact) };
    });
    return witnessFor(script, signatures);
  });
  expect(toHex(serializeWithWitness(tx, witnesses))).toBe(known.spend.final);
  const outputs = tx.outputs.map((output) => output.script);
  expect(worstCaseVsize({ inputs: tx.inputs.length, outputs })).toBe(known.spend.worstCaseVsize);
});

test('known-answer.json: the PSBT is this one, and @scure/btc-signer makes the final bytes from it and the private keys', () => {
  const tx = readSpend();
  const inputs = known.spend.inputs.map((input: { amount: number; chain: 0 | 1; index: number }) => ({
    ...input,
    amount: BigInt(input.amount),
    signatures: [],
  }));
  const bytes = exportPsbt(scripts, tx, inputs, [{ output: 1, chain: 1, index: 9 }]);
  expect(Buffer.from(bytes).toString('base64')).toBe(known.spend.psbt);
  const psbt = Transaction.fromPSBT(bytes);
  for (const [i, input] of known.spend.inputs.entries()) {
    const script = known.scripts.find(
      (each: { chain: number; index: number }) => each.chain === input.chain && each.index === input.index,
    );
    for (const signer of [0, 2]) psbt.signIdx(fromHex(script.signers[signer].privateKey), i);
  }
  psbt.finalize();
  expect(toHex(psbt.extract())).toBe(known.spend.final);
});
