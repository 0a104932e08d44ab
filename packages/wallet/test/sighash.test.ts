import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { Transaction } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import {
  BLOCK_LIMITS,
  bodyOf,
  createSighash,
  decodeTransaction,
  displayTxid,
  MAX_MONEY,
  serializeStripped,
  type TransactionBody,
  type UnsignedTransaction,
} from '../src/index.ts';
import { createRandom, randomTransaction } from './known-wallets.ts';

function toScure(tx: TransactionBody): Transaction {
  const scure = new Transaction({
    version: tx.version,
    lockTime: tx.locktime,
    allowUnknownOutputs: true,
    disableScriptCheck: true,
  });
  for (const { outpoint, sequence } of tx.inputs) {
    scure.addInput({ txid: displayTxid(outpoint.txid), index: outpoint.vout, sequence });
  }
  for (const { amount, script } of tx.outputs) scure.addOutput({ amount, script });
  return scure;
}

test('BIP-143 hashes of 3,000 random transactions equal those of @scure/btc-signer', () => {
  const random = createRandom('sighash');
  let compared = 0;
  for (let i = 0; i < 3000; i++) {
    const tx = randomTransaction(random, { inputs: 1 + random.below(4), outputs: 1 + random.below(4) });
    const scure = toScure(tx);
    const sighash = createSighash(tx);
    const input = random.below(tx.inputs.length);
    const script = random.bytes(random.below(12) === 0 ? 300 : 105);
    const amount = random.bigBelow(MAX_MONEY + 1n);
    expect(toHex(sighash.sighashAll(input, script, amount))).toBe(
      toHex(scure.preimageWitnessV0(input, script, 1, amount)),
    );
    compared++;
  }
  expect(compared).toBe(3000);
}, 60_000);

test('every input of one transaction has the hash that @scure/btc-signer gives it, with 300 inputs and outputs', () => {
  const random = createRandom('large sighash');
  const tx = randomTransaction(random, { inputs: 300, outputs: 300 });
  const scure = toScure(tx);
  const sighash = createSighash(tx);
  const script = random.bytes(105);
  for (const input of [0, 1, 127, 252, 253, 299]) {
    expect(toHex(sighash.sighashAll(input, script, 12345n))).toBe(
      toHex(scure.preimageWitnessV0(input, script, 1, 12345n)),
    );
  }
});

/** The SIGHASH_ALL examples of BIP-143: unsigned transaction, input, scriptCode, amount in sat, hash. */
const BIP143 = [
  {
    name: 'native P2WPKH',
    unsigned:
      '0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000',
    input: 1,
    script: '76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac',
    amount: 600_000_000n,
    hash: 'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670',
  },
  {
    name: 'P2SH-P2WPKH',
    unsigned:
      '0100000001db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a54770100000000feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac92040000',
    input: 0,
    script: '76a91479091972186c449eb1ded22b78e40d009bdf008988ac',
    amount: 1_000_000_000n,
    hash: '64f3b0f4dd2bb3aa1ce8566d220cc74dda9df97d8490cc81d89d735c92e59fb6',
  },
  {
    name: 'P2SH-P2WSH, 6-of-6 multisig',
    unsigned:
      '010000000136641869ca081e70f394c6948e8af409e18b619df2ed74aa106c1ca29787b96e0100000000ffffffff0200e9a435000000001976a914389ffce9cd9ae88dcc0631e88a821ffdbe9bfe2688acc0832f05000000001976a9147480a33f950689af511e6e84c138dbbd3c3ee41588ac00000000',
    input: 0,
    script:
      '56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f492580ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d48b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55ad5dfbe673a9f01d9f0c19617681024306b56ae',
    amount: 987_654_321n,
    hash: '185c0be5263dce5b4bb50a047973c1b6272bfbd0103a89444597dc40b248ee7c',
  },
] as const;

for (const vector of BIP143) {
  test(`the BIP-143 example "${vector.name}" gives its published hash`, () => {
    const decoded = decodeTransaction(fromHex(vector.unsigned), BLOCK_LIMITS);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    const body = bodyOf(decoded.value);
    if (body === undefined) throw new Error('the example has no scriptSig');
    const hash = createSighash(body).sighashAll(vector.input, fromHex(vector.script), vector.amount);
    expect(toHex(hash)).toBe(vector.hash);
    expect(toHex(serializeStripped(body))).toBe(vector.unsigned);
  });
}

test('a change of any field of the transaction, the script or the amount changes the hash of every input', () => {
  const random = createRandom('commitment');
  const tx = randomTransaction(random, { inputs: 2, outputs: 2 });
  const [first, second] = tx.inputs;
  const [out] = tx.outputs;
  if (first === undefined || second === undefined || out === undefined)
    throw new Error('two inputs, two outputs');
  const script = random.bytes(105);
  const changed: readonly UnsignedTransaction[] = [
    { ...tx, locktime: tx.locktime === 0 ? 1 : 0 },
    { ...tx, inputs: [second, first] },
    { ...tx, inputs: [first] },
    { ...tx, inputs: [first, { ...second, sequence: second.sequence === 0 ? 1 : 0 }] },
    { ...tx, inputs: [{ ...first, outpoint: { ...first.outpoint, vout: first.outpoint.vout + 1 } }, second] },
    { ...tx, outputs: [out] },
    { ...tx, outputs: [...tx.outputs].reverse() },
    { ...tx, outputs: [{ ...out, amount: out.amount + 1n }, ...tx.outputs.slice(1)] },
  ];
  const hashes = [tx, ...changed].map((each) => toHex(createSighash(each).sighashAll(0, script, 5000n)));
  hashes.push(toHex(createSighash(tx).sighashAll(0, script, 5001n)));
  hashes.push(toHex(createSighash(tx).sighashAll(0, random.bytes(105), 5000n)));
  hashes.push(toHex(createSighash(tx).sighashAll(1, script, 5000n)));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('an input that does not exist or an impossible amount throws', () => {
  const sighash = createSighash(randomTransaction(createRandom('range'), { inputs: 1, outputs: 1 }));
  const script = new Uint8Array(105);
  expect(() => sighash.sighashAll(1, script, 0n)).toThrow(RangeError);
  expect(() => sighash.sighashAll(-1, script, 0n)).toThrow(RangeError);
  expect(() => sighash.sighashAll(0, script, -1n)).toThrow(RangeError);
  expect(() => sighash.sighashAll(0, script, MAX_MONEY + 1n)).toThrow(RangeError);
  expect(sighash.sighashAll(0, script, MAX_MONEY)).toHaveLength(32);
});
