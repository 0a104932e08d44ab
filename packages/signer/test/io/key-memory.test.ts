import { createEd25519Signer, verifyEd25519 } from '@coldwire/protocol/ed25519.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as noble from '@noble/secp256k1';
import { afterAll, describe, expect, test } from 'vitest';
import { type KeyMemory, openKeyMemory } from '../../src/io/key-memory.ts';
import { loadNatives } from '../../src/io/native.ts';
import { nativePointMath, verifyIdentity } from '../../src/io/public-math.ts';
import { hashOf, makeChild, makeKeyMaterial, withDescriptor } from './key-material.ts';

noble.hashes.sha256 = sha256;
noble.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const natives = loadNatives();
const material = makeKeyMaterial('key memory test');
const open = (): KeyMemory =>
  withDescriptor(material.block, (fd) => openKeyMemory(natives, fd, material.expected));
const keys = open();
afterAll(() => keys.zeroize());

describe('signing inputs', () => {
  test('gives the bytes that an independent RFC 6979 implementation gives, for chains 0 and 1 and high indexes', () => {
    const children = [0, 1, 77, 2 ** 31 - 1].flatMap((index) =>
      [0, 1].map((chain) => makeChild(material, chain, index, hashOf(`${chain}/${index}`))),
    );
    const signatures = keys.signInputs(children.map((child) => child.job));
    expect(signatures).toEqual(
      children.map(({ privateKey, job }) => noble.sign(job.hash32, privateKey, { prehash: false })),
    );
  });

  test('gives the same bytes after another context randomization', () => {
    const { job } = makeChild(material, 0, 5, hashOf('again'));
    const other = open();
    expect(other.signInputs([job])).toEqual(keys.signInputs([job]));
    other.zeroize();
  });

  test('releases nothing and zeroizes when one signature does not verify under the public child key', () => {
    const victim = open();
    const good = makeChild(material, 0, 1, hashOf('good')).job;
    const wrong = { ...makeChild(material, 0, 2, hashOf('bad')).job, publicKey33: good.publicKey33 };
    expect(() => victim.signInputs([good, wrong])).toThrow(
      expect.objectContaining({ code: 'SELF_VERIFY', where: 'input 1' }),
    );
    expect(victim.open).toBe(false);
    expect(() => victim.signInputs([good])).toThrow(expect.objectContaining({ code: 'LOCKED' }));
  });

  test('refuses a job whose parts have wrong lengths before any key is readable', () => {
    const { job } = makeChild(material, 0, 1, hashOf('x'));
    expect(() => keys.signInputs([{ ...job, hash32: new Uint8Array(31) }])).toThrow('a hash of 32');
    expect(keys.open).toBe(true);
  });
});

describe('the link identity', () => {
  test('signs as node:crypto does with the same seed', () => {
    const message = hashOf('header');
    const signature = keys.signIdentity(message);
    expect(signature).toEqual(createEd25519Signer(material.identitySeed).sign(message));
    expect(verifyEd25519(material.expected.identityPublicKey, message, signature)).toBe(true);
  });

  test('is verified natively, and a changed bit is noticed', () => {
    const message = hashOf('header');
    const signature = keys.signIdentity(message);
    const key = material.expected.identityPublicKey;
    expect(verifyIdentity(natives, key, message, signature)).toBe(true);
    signature[3] = (signature[3] ?? 0) ^ 1;
    expect(verifyIdentity(natives, key, message, signature)).toBe(false);
    expect(verifyIdentity(natives, key, message, signature.subarray(1))).toBe(false);
  });
});

describe('native point math', () => {
  test('derives the same public children as @scure/bip32', () => {
    const math = nativePointMath(natives);
    for (const index of [0, 3, 1_000_000]) {
      const { job } = makeChild(material, 1, index, hashOf('any'));
      const chainKey = math.addTweak(material.expected.accountPublicKey, job.tweaks[0]);
      expect(math.addTweak(chainKey, job.tweaks[1])).toEqual(job.publicKey33);
    }
  });

  test('refuses what is not a point', () => {
    expect(() => nativePointMath(natives).addTweak(new Uint8Array(33).fill(7), hashOf('t'))).toThrow(
      'invalid',
    );
  });

  test('says which x is one of a point, with a tweak of zero: policy judges taproot destinations by it', () => {
    const judge = (x: string) => () =>
      nativePointMath(natives).addTweak(Buffer.from(`02${x}`, 'hex'), new Uint8Array(32));
    const generator = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    expect(Buffer.from(judge(generator)()).toString('hex')).toBe(`02${generator}`);
    // BIP-340, test vectors 5 and 14.
    expect(judge('eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34')).toThrow('invalid');
    expect(judge('fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30')).toThrow('invalid');
  });
});

describe('zeroizing', () => {
  test('may be called again and ends every use', () => {
    const victim = open();
    victim.zeroize();
    victim.zeroize();
    expect(victim.open).toBe(false);
    expect(() => victim.signIdentity(hashOf('m'))).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    expect(() => victim.seal(hashOf('c'), hashOf('p'), [])).toThrow(
      expect.objectContaining({ code: 'LOCKED' }),
    );
  });
});
