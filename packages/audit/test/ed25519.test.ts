import { createHash } from 'node:crypto';
import { createEd25519Signer, fromHex, verifyEd25519 } from '@coldwire/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../policy/test/world.ts';
import { verifyStrictly } from '../src/ed25519.ts';

const signer = createEd25519Signer(seeded('ed25519 test'));
const { Point } = ed25519;

/** s as 32 bytes, little-endian. */
function scalar(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
}

describe('the auditor’s Ed25519', () => {
  it('accepts the signature of RFC 8032, section 7.1, TEST 3', () => {
    const key = fromHex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025');
    const signature = fromHex(
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
        '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    );
    expect(verifyStrictly(key, fromHex('af82'), signature)).toBe(true);
    expect(verifyStrictly(key, fromHex('af83'), signature)).toBe(false);
  });

  it('answers as the machines’ library does, bit by bit', () => {
    for (let i = 0; i < 100; i += 1) {
      const hash = seeded(`hash ${i}`);
      const signature = signer.sign(hash);
      expect(verifyStrictly(signer.publicKey, hash, signature)).toBe(true);
      const at = (i * 5) % 64;
      const bad = signature.with(at, (signature[at] ?? 0) ^ (1 << (i % 8)));
      expect(verifyStrictly(signer.publicKey, hash, bad)).toBe(false);
      expect(verifyEd25519(signer.publicKey, hash, bad)).toBe(false);
    }
  });

  it('refuses a second form of the same signature, s + L', () => {
    const hash = seeded('hash');
    const signature = signer.sign(hash);
    const other = Uint8Array.from(signature);
    other.set(scalar(number(signature.subarray(32)) + Point.Fn.ORDER), 32);
    expect(verifyStrictly(signer.publicKey, hash, other)).toBe(false);
    expect(verifyEd25519(signer.publicKey, hash, other)).toBe(false);
  });

  it('refuses a signature that only the equation with cofactor accepts, as the machines do', () => {
    // R with a point of order 8 added: s·B − k·A differs from R by that point, and eight times nothing.
    const torsion = Point.fromBytes(
      fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
      false,
    );
    const secret = 12_345_678_901_234_567_890n;
    const key = Point.BASE.multiply(secret).toBytes();
    const hash = seeded('torsion');
    const nonce = 98_765_432_109_876_543_210n;
    const first = Point.BASE.multiply(nonce).add(torsion).toBytes();
    const challenge = createHash('sha512').update(first).update(key).update(hash).digest();
    const s = (nonce + (number(challenge) % Point.Fn.ORDER) * secret) % Point.Fn.ORDER;
    const signature = Uint8Array.of(...first, ...scalar(s));
    expect(ed25519.verify(signature, hash, key, { zip215: false })).toBe(true);
    expect(verifyStrictly(key, hash, signature)).toBe(false);
    expect(verifyEd25519(key, hash, signature)).toBe(false);
  });

  it('refuses keys of small order, unreduced keys, and anything of a wrong length', () => {
    const zero = new Uint8Array(64);
    for (const key of [
      new Uint8Array(32),
      new Uint8Array(32).with(0, 1),
      fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
      fromHex('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
      new Uint8Array(31),
      new Uint8Array(0),
    ]) {
      expect(verifyStrictly(key, seeded('hash'), zero)).toBe(false);
      expect(
        verifyStrictly(key, seeded('hash'), Uint8Array.of(...new Uint8Array(32).with(0, 1), ...scalar(0n))),
      ).toBe(false);
    }
    expect(verifyStrictly(signer.publicKey, seeded('hash'), new Uint8Array(63))).toBe(false);
  });
});
