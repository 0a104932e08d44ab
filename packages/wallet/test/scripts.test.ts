import { networks, Output } from '@bitcoinerlab/descriptors-scure';
import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { Point } from '@noble/secp256k1';
import { expect, test } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import {
  type AccountKey,
  accountPath,
  checkWallet,
  compareBytes,
  createScripts,
  describeChain,
  encodeAddress,
  MAX_INDEX,
  type Network,
  type PointMath,
  type Wallet,
} from '../src/index.ts';
import { noblePointMath } from '../src/noble.ts';
import { childPrivateKey, createRandom, makeWallet } from './known-wallets.ts';

const WALLETS = inForm(8, 100);
const NETWORK_NAMES: readonly Network[] = ['mainnet', 'testnet4', 'signet', 'regtest'];
const ORACLE_NETWORK = {
  mainnet: networks.bitcoin,
  testnet4: networks.testnet,
  signet: networks.testnet,
  regtest: networks.regtest,
};

test('scripts and addresses of random wallets equal those of an independent descriptor library', () => {
  const random = createRandom('scripts');
  let compared = 0;
  for (let i = 0; i < WALLETS; i++) {
    const network = NETWORK_NAMES[i % 4] ?? 'regtest';
    const { wallet } = makeWallet(`scripts ${i}`, network);
    const scripts = createScripts(wallet, noblePointMath);
    for (const chain of [0, 1] as const) {
      for (const index of [0, random.below(1000), random.below(MAX_INDEX), MAX_INDEX]) {
        const ours = scripts.at(chain, index);
        const oracle = new Output({
          descriptor: describeChain(wallet, chain),
          index,
          network: ORACLE_NETWORK[network],
        });
        expect(toHex(ours.witnessScript)).toBe(toHex(oracle.getWitnessScript() ?? new Uint8Array()));
        expect(toHex(ours.scriptPubKey)).toBe(toHex(oracle.getScriptPubKey()));
        expect(encodeAddress(ours.scriptPubKey, network)).toBe(oracle.getAddress());
        compared++;
      }
    }
  }
  expect(compared).toBe(8 * WALLETS);
});

test('a signer that adds the two public tweaks to its account key reaches the child key of the script', () => {
  const known = makeWallet('tweaks');
  const scripts = createScripts(known.wallet, noblePointMath);
  const order = Point.CURVE().n;
  const read = (bytes: Uint8Array | null | undefined): bigint =>
    BigInt(`0x${toHex(bytes ?? new Uint8Array())}`);
  for (const [chain, index] of [
    [0, 0],
    [1, 7],
    [1, MAX_INDEX],
  ] as const) {
    const script = scripts.at(chain, index);
    for (const signer of [0, 1, 2]) {
      const tweaks = script.tweaks[signer];
      const account = read(known.accounts[signer]?.privateKey);
      const child = (account + read(tweaks?.chain) + read(tweaks?.index)) % order;
      expect(child).toBe(read(childPrivateKey(known, signer, chain, index)));
      expect(script.publicKeys[signer]).toEqual(Point.BASE.multiply(child).toBytes(true));
    }
  }
});

test('keys stand in the script in BIP-67 order, and the sorted positions say where', () => {
  const scripts = createScripts(makeWallet('order').wallet, noblePointMath);
  const orders = new Set<string>();
  for (let index = 0; index < 40; index++) {
    const script = scripts.at(0, index);
    orders.add(script.sortedPosition.join());
    for (const [signer, key] of script.publicKeys.entries()) {
      const offset = 2 + 34 * (script.sortedPosition[signer] ?? 0);
      expect(equalBytes(script.witnessScript.subarray(offset, offset + 33), key)).toBe(true);
    }
    const sorted = [...script.publicKeys].sort(compareBytes);
    expect(script.sortedPosition.map((_, i) => script.sortedPosition.indexOf(i))).toEqual(
      sorted.map((key) => script.publicKeys.indexOf(key)),
    );
  }
  expect(orders.size, 'all six orders occur among 40 indices').toBe(6);
});

test('the order of the keys in the wallet changes nothing but whose key is where', () => {
  const { wallet } = makeWallet('permutation');
  const reversed: Wallet = { ...wallet, keys: [...wallet.keys].reverse() };
  const a = createScripts(wallet, noblePointMath).at(1, 5);
  const b = createScripts(reversed, noblePointMath).at(1, 5);
  expect(b.scriptPubKey).toEqual(a.scriptPubKey);
  expect(b.sortedPosition).toEqual([...a.sortedPosition].reverse());
});

test('a script is derived once while it is cached, and the least recently used one leaves first', () => {
  let additions = 0;
  const counting: PointMath = {
    addTweak(publicKey, tweak) {
      additions++;
      return noblePointMath.addTweak(publicKey, tweak);
    },
  };
  const scripts = createScripts(makeWallet('cache').wallet, counting, 2);
  expect(additions, 'three keys, two chains').toBe(6);
  const first = scripts.at(0, 1);
  scripts.at(0, 2);
  expect(scripts.at(0, 1)).toBe(first);
  expect(additions).toBe(6 + 6);
  scripts.at(0, 3);
  expect(scripts.at(0, 1), 'used more recently than index 2').toBe(first);
  expect(additions).toBe(6 + 9);
  expect(scripts.at(0, 2)).not.toBe(first);
  expect(additions).toBe(6 + 12);
});

test('an index that is not an unhardened child throws and derives nothing', () => {
  const scripts = createScripts(makeWallet('index').wallet, noblePointMath);
  for (const index of [0, 1]) for (const chain of [0, 1] as const) scripts.at(chain, index);
  for (const index of [-1, -0.5, 0.5, Number.NaN, MAX_INDEX + 1, 2 ** 53]) {
    expect(() => scripts.at(0, index)).toThrow(RangeError);
  }
});

test('a wallet is refused when keys repeat, are off the curve, or are not the BIP-48 account', () => {
  const { wallet } = makeWallet('check');
  const [a, b, c] = wallet.keys;
  if (a === undefined || b === undefined || c === undefined) throw new Error('the wallet has three keys');
  const offCurve = Uint8Array.from([0x02, ...new Array<number>(32).fill(0xff)]);
  const faults = new Map<string, readonly AccountKey[]>([
    ['2 keys instead of 3', [a, b]],
    ['keys 0 and 2 are the same', [a, b, { ...a, fingerprint: c.fingerprint, chainCode: c.chainCode }]],
    ['key 1: it is not a point of the curve', [a, { ...b, publicKey: offCurve }, c]],
    ['key 1: it has not 33 bytes', [a, { ...b, publicKey: new Uint8Array(65) }, c]],
    ['key 2: its path is not 48h/1h/0h/2h', [a, b, { ...c, path: accountPath('mainnet') }]],
    ['key 0: its chain code has not 32 bytes', [{ ...a, chainCode: new Uint8Array(31) }, b, c]],
    ['key 0: its fingerprint has not 4 bytes', [{ ...a, fingerprint: new Uint8Array(3) }, b, c]],
  ]);
  expect(checkWallet(wallet, noblePointMath)).toBeUndefined();
  for (const [detail, keys] of faults) {
    const fault = checkWallet({ ...wallet, keys }, noblePointMath);
    expect(fault).toEqual({ kind: 'fault', code: 'MALFORMED', detail: `wallet: ${detail}` });
  }
});

test('adding a tweak refuses keys off the curve, tweaks at or above the order, and a sum at infinity', () => {
  const one = Uint8Array.from([...new Array<number>(31).fill(0), 1]);
  const order = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
  const generator = Point.BASE.toBytes(true);
  expect(noblePointMath.addTweak(generator, one)).toEqual(Point.BASE.double().toBytes(true));
  expect(noblePointMath.addTweak(generator, new Uint8Array(32))).toEqual(generator);
  expect(() => noblePointMath.addTweak(generator, order)).toThrow('not below the curve order');
  expect(() => noblePointMath.addTweak(Point.BASE.negate().toBytes(true), one)).toThrow('infinity');
  expect(() => noblePointMath.addTweak(new Uint8Array(33), one)).toThrow();
  expect(() => noblePointMath.addTweak(generator.subarray(1), one)).toThrow(RangeError);
  expect(() => noblePointMath.addTweak(generator, one.subarray(1))).toThrow(RangeError);
});
