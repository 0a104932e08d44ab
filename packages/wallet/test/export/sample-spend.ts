/** A spend of three coins to one payment and change, with everything that another wallet needs to check it. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashes, sign } from '@noble/secp256k1';
import type { PsbtChange, PsbtInput } from '../../src/export/psbt.ts';
import {
  createScripts,
  DEFAULT_SEQUENCE,
  type Network,
  serializeStripped,
  txidOf,
  type UnsignedTransaction,
  type WalletScripts,
} from '../../src/index.ts';
import { noblePointMath } from '../../src/noble.ts';
import {
  childPrivateKey,
  createRandom,
  type KnownWallet,
  makeWallet,
  randomTransaction,
} from '../known-wallets.ts';

hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

export type SampleSpend = {
  readonly known: KnownWallet;
  readonly scripts: WalletScripts;
  readonly tx: UnsignedTransaction;
  readonly inputs: readonly PsbtInput[];
  readonly change: readonly PsbtChange[];
  /** The transaction that input 0 spends. */
  readonly previous: Uint8Array;
  /** The 64-byte signature of a signer for an input whose hash is given. */
  signInput(signer: number, input: PsbtInput, hash: Uint8Array): Uint8Array;
};

export function sampleSpend(seed: string, network: Network = 'regtest'): SampleSpend {
  const random = createRandom(seed);
  const known = makeWallet(seed, network);
  const scripts = createScripts(known.wallet, noblePointMath);
  const inputs: readonly PsbtInput[] = [
    { amount: 150_000n, chain: 0, index: 3 },
    { amount: 70_000n, chain: 1, index: 0 },
    { amount: 9_000_000n, chain: 0, index: 70_000 },
  ];
  const parents = inputs.map((input): UnsignedTransaction => {
    const base = randomTransaction(random, { inputs: 1, outputs: 2 });
    const own = { amount: input.amount, script: scripts.at(input.chain, input.index).scriptPubKey };
    return { ...base, outputs: [own, ...base.outputs.slice(1)] };
  });
  const tx: UnsignedTransaction = {
    version: 2,
    locktime: 123_456,
    inputs: parents.map((parent) => ({
      outpoint: { txid: txidOf(parent), vout: 0 },
      sequence: DEFAULT_SEQUENCE,
    })),
    outputs: [
      { amount: 5_000_000n, script: Uint8Array.of(0x00, 0x14, ...random.bytes(20)) },
      { amount: 4_215_000n, script: scripts.at(1, 9).scriptPubKey },
    ],
  };
  const [parent] = parents;
  if (parent === undefined) throw new Error('three parents');
  return {
    known,
    scripts,
    tx,
    inputs,
    change: [{ output: 1, chain: 1, index: 9 }],
    previous: serializeStripped(parent),
    signInput: (signer, input, hash) =>
      sign(hash, childPrivateKey(known, signer, input.chain, input.index), { prehash: false, lowS: true }),
  };
}
