/** Pure parts for tests: a wallet of three keys, requesters' intents and coins. */
import {
  createEd25519Signer,
  encode,
  hashIntent,
  Intent,
  type Policy,
  type SignedIntent,
} from '@coldwire/protocol';
import { type AccountKey, accountPath, type Coin, createScripts, type WalletScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { sha256 } from '@noble/hashes/sha2.js';

export const FIRST_CHARTER: Uint8Array = sha256(Uint8Array.of(1));
export const requester = createEd25519Signer(sha256(Uint8Array.of(2)));

/** Generator points 1·G, 2·G and 3·G: public numbers, good for tests only. */
const POINTS = [
  '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5',
  '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
];
const keys: readonly AccountKey[] = POINTS.map((point, i) => ({
  fingerprint: Uint8Array.of(0, 0, 0, i),
  path: accountPath('regtest'),
  publicKey: Uint8Array.from(Buffer.from(point, 'hex')),
  chainCode: sha256(Uint8Array.of(3, i)),
}));
export const scripts: readonly WalletScripts[] = [
  createScripts({ network: 'regtest', threshold: 2, keys }, noblePointMath),
];

export const policy: Policy = {
  maxInputs: 100,
  maxOutputs: 101,
  maxIntents: 100,
  maxVsize: 100_000,
  amountPerTransaction: 1_000_000_000n,
  windows: [{ ticks: 144, amount: 10_000_000_000n, count: 1000, fee: 10_000_000n }],
  feeAbsolute: 1_000_000n,
  feeRate: 500_000,
  feeShare: 100,
  feeShareFloor: 100_000n,
  scripts: ['p2wpkh', 'p2wsh', 'p2tr'],
  changeGap: 20,
  receiveLimit: 1000,
  intentLife: 1008,
  intentAhead: 6,
  freezeTicks: 36,
  gateDelay: 600,
  velocity: [],
  destinations: 'any',
  destinationTicks: 0,
  allow: [],
  deny: [],
  tiers: [],
  loosenTicks: 144,
};

export interface IntentParts {
  readonly seed: number;
  readonly amount?: bigint;
  readonly created?: number;
  readonly expires?: number;
}

export function idOf(seed: number): Uint8Array {
  return sha256(Uint8Array.of(4, seed >> 8, seed & 0xff)).subarray(0, 16);
}

export function makeIntent({
  seed,
  amount = 50_000n,
  created = 100,
  expires = 200,
}: IntentParts): SignedIntent {
  const script = Uint8Array.from([
    0x00,
    0x14,
    ...sha256(Uint8Array.of(5, seed >> 8, seed & 0xff)).subarray(0, 20),
  ]);
  const bytes = encode(Intent, { id: idOf(seed), requester: 'desk', amount, script, created, expires });
  return [bytes, requester.sign(hashIntent(FIRST_CHARTER, bytes))];
}

export function makeCoin(seed: number, amount = 1_000_000n): Coin {
  const txid = sha256(Uint8Array.of(6, seed >> 8, seed & 0xff));
  return { txid, vout: 0, amount, wallet: 0, chain: 0, index: seed };
}

export function hashAt(height: number, branch = 0): Uint8Array {
  return sha256(Uint8Array.of(7, branch, height >> 8, height & 0xff));
}

export function fill(byte: number, length = 16): Uint8Array {
  return new Uint8Array(length).fill(byte);
}
