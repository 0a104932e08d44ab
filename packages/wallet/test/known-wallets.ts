/** Wallets with known private keys and a repeatable source of random values, for tests. */
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from '@scure/bip32';
import {
  type AccountKey,
  accountPath,
  fingerprintOf,
  NETWORKS,
  type Network,
  type Outpoint,
  type Output,
  pathText,
  type UnsignedTransaction,
  type Wallet,
} from '../src/index.ts';

export type Random = {
  bytes(length: number): Uint8Array;
  /** An integer from 0 to `limit` - 1, `limit` at most 2³². */
  below(limit: number): number;
  /** From 0n to `limit` - 1n. */
  bigBelow(limit: bigint): bigint;
};

/** SHA-256 in counter mode: the same seed gives the same values on every machine. */
export function createRandom(seed: string): Random {
  let counter = 0;
  let pool = new Uint8Array(0);
  const bytes = (length: number): Uint8Array => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      if (pool.length === 0) pool = Uint8Array.from(sha256(new TextEncoder().encode(`${seed}/${counter++}`)));
      out[i] = pool[0] ?? 0;
      pool = pool.subarray(1);
    }
    return out;
  };
  const bigBelow = (limit: bigint): bigint =>
    bytes(16).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) % limit;
  return { bytes, bigBelow, below: (limit) => Number(bigBelow(BigInt(limit))) };
}

export type KnownWallet = {
  readonly wallet: Wallet;
  readonly masters: readonly HDKey[];
  /** Account-level keys with their private parts, in the order of the signers. */
  readonly accounts: readonly HDKey[];
};

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('a test value is missing');
  return value;
}

/** A wallet of three keys made from a seed text. */
export function makeWallet(seed: string, network: Network = 'regtest'): KnownWallet {
  const versions = {
    private: network === 'mainnet' ? 0x0488ade4 : 0x04358394,
    public: NETWORKS[network].xpubVersion,
  };
  const masters = ['A', 'B', 'C'].map((signer) =>
    HDKey.fromMasterSeed(sha256(new TextEncoder().encode(`${seed}/${signer}`)), versions),
  );
  const path = accountPath(network);
  const accounts = masters.map((master) => master.derive(`m/${pathText(path).replaceAll('h', "'")}`));
  const keys = accounts.map((account, i): AccountKey => {
    const fingerprint = fingerprintOf(present(masters[i]?.publicKey));
    return {
      fingerprint,
      path,
      publicKey: present(account.publicKey),
      chainCode: present(account.chainCode),
    };
  });
  return { wallet: { network, threshold: 2, keys }, masters, accounts };
}

/** The private key of signer `signer` at a place of the wallet, 32 bytes. */
export function childPrivateKey(
  known: KnownWallet,
  signer: number,
  chain: number,
  index: number,
): Uint8Array {
  return present(known.accounts[signer]?.deriveChild(chain).deriveChild(index).privateKey);
}

export function randomOutpoint(random: Random): Outpoint {
  return {
    txid: random.bytes(32),
    vout: random.below(5) === 0 ? random.below(0xffffffff) : random.below(10),
  };
}

/** Scripts of every kind that a withdrawal may pay to, and now and then one of any bytes. */
export function randomScript(random: Random): Uint8Array {
  const programs: (() => Uint8Array)[] = [
    () => Uint8Array.of(0x76, 0xa9, 0x14, ...random.bytes(20), 0x88, 0xac),
    () => Uint8Array.of(0xa9, 0x14, ...random.bytes(20), 0x87),
    () => Uint8Array.of(0x00, 0x14, ...random.bytes(20)),
    () => Uint8Array.of(0x00, 0x20, ...random.bytes(32)),
    () => Uint8Array.of(0x51, 0x20, ...random.bytes(32)),
    () => Uint8Array.of(0x6a, 0x04, ...random.bytes(4)),
  ];
  return present(programs[random.below(programs.length)])();
}

export function randomOutput(random: Random): Output {
  return { amount: random.bigBelow(1_000_000_000_000n), script: randomScript(random) };
}

export type Shape = { readonly inputs: number; readonly outputs: number };

/** A transaction with values over the whole range of every field. */
export function randomTransaction(random: Random, shape: Shape): UnsignedTransaction {
  return {
    version: 2,
    locktime: random.below(3) === 0 ? random.below(0x100000000) : 0,
    inputs: Array.from({ length: shape.inputs }, () => ({
      outpoint: randomOutpoint(random),
      sequence: random.below(2) === 0 ? 0xfffffffd : random.below(0x100000000),
    })),
    outputs: Array.from({ length: shape.outputs }, () => randomOutput(random)),
  };
}
