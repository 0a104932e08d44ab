/** A signer's test keys, made by other libraries than the signer's: @scure/bip32, node:crypto and @noble/secp256k1. */
import { createHash, createHmac } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEd25519Signer } from '@coldwire/protocol/ed25519.ts';
import { KEY_BLOCK_SIZE } from '@coldwire/protocol/key-block/layout.ts';
import { writeKeyBlock } from '@coldwire/protocol/key-block/write.ts';
import { HDKey } from '@scure/bip32';
import type { ExpectedKeys } from '../../src/io/key-block.ts';
import type { SignJob } from '../../src/io/key-memory.ts';

export const COIN_TYPE = 1;
const TESTNET = { private: 0x04358394, public: 0x043587cf };

export interface KeyMaterial {
  readonly account: HDKey;
  readonly accountKey: Uint8Array;
  readonly identitySeed: Uint8Array;
  readonly sealSecret: Uint8Array;
  readonly block: Uint8Array;
  readonly expected: ExpectedKeys;
}

function hash(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest());
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('the test key lacks a part');
  return value;
}

/** The 78 bytes under the account's tprv, put together here and not by the library under test. */
function serialize(account: HDKey): Uint8Array {
  const bytes = new Uint8Array(78);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TESTNET.private);
  bytes[4] = account.depth;
  view.setUint32(5, account.parentFingerprint);
  view.setUint32(9, account.index);
  bytes.set(present(account.chainCode), 13);
  bytes.set(present(account.privateKey), 46);
  return bytes;
}

/** All of one signer's keys from a label. */
export function makeKeyMaterial(label: string): KeyMaterial {
  const master = HDKey.fromMasterSeed(hash(`${label}/master`), TESTNET);
  const account = master.derive(`m/48'/${COIN_TYPE}'/0'/2'`);
  const masterFingerprint = new Uint8Array(4);
  new DataView(masterFingerprint.buffer).setUint32(0, master.fingerprint);
  const identitySeed = hash(`${label}/identity`);
  const identityPublicKey = createEd25519Signer(identitySeed).publicKey;
  const sealSecret = hash(`${label}/seal`);
  const block = new Uint8Array(KEY_BLOCK_SIZE);
  const parts = {
    masterFingerprint,
    accountKey: serialize(account),
    identitySeed,
    identityPublicKey,
    sealSecret,
  };
  writeKeyBlock(block, { coinType: COIN_TYPE, account: 0, ...parts });
  const expected: ExpectedKeys = {
    coinType: COIN_TYPE,
    account: 0,
    masterFingerprint,
    accountPublicKey: present(account.publicKey),
    accountChainCode: present(account.chainCode),
    identityPublicKey,
  };
  return { account, accountKey: present(account.privateKey), identitySeed, sealSecret, block, expected };
}

export interface ChildKey {
  readonly privateKey: Uint8Array;
  readonly job: SignJob;
}

type Derived = { readonly privateKey: Uint8Array; readonly job: Omit<SignJob, 'hash32'> };
const derived = new WeakMap<HDKey, Map<string, Derived>>();

/** The child at chain and index with the job that signs `hash32` by it. */
export function makeChild(material: KeyMaterial, chain: number, index: number, hash32: Uint8Array): ChildKey {
  const { privateKey, job } = derive(material.account, chain, index);
  return { privateKey, job: { ...job, hash32 } };
}

/** Derived once: it takes milliseconds. */
function derive(account: HDKey, chain: number, index: number): Derived {
  const known = derived.get(account) ?? new Map<string, Derived>();
  derived.set(account, known);
  const place = `${chain}/${index}`;
  const before = known.get(place);
  if (before !== undefined) return before;
  const chainNode = account.deriveChild(chain);
  const child = chainNode.deriveChild(index);
  const tweaks = [tweakOf(account, chain), tweakOf(chainNode, index)] as const;
  const made = {
    privateKey: present(child.privateKey),
    job: { tweaks, publicKey33: present(child.publicKey) },
  };
  known.set(place, made);
  return made;
}

/** BIP-32's left half: HMAC-SHA-512(chain code, public key ‖ index). */
function tweakOf(parent: HDKey, index: number): Uint8Array {
  const data = new Uint8Array(37);
  data.set(present(parent.publicKey));
  new DataView(data.buffer).setUint32(33, index);
  return new Uint8Array(
    createHmac('sha512', present(parent.chainCode)).update(data).digest().subarray(0, 32),
  );
}

export function hashOf(text: string): Uint8Array {
  return hash(text);
}

/** Runs `work` with a descriptor that gives `bytes` and then ends. */
export function withDescriptor<T>(bytes: Uint8Array, work: (fd: number) => T): T {
  const path = join(tmpdir(), `coldwire-test-${process.pid}-${Math.random().toString(36).slice(2)}`);
  writeFileSync(path, bytes, { mode: 0o600 });
  const fd = openSync(path, 'r');
  try {
    return work(fd);
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}
