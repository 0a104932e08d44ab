import { verify as verifyOpenssl } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import { concatBytes, equalBytes, fromHex } from '../src/bytes.ts';
import { createEd25519Signer, isPublicKey, verifyEd25519 } from '../src/ed25519.ts';

const { Point } = ed25519;
const { Fn } = Point;
type EdwardsPoint = ReturnType<typeof Point.fromBytes>;

const P = 2n ** 255n - 19n;

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
}

function readLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** RFC 8032, section 5.1.7, without its allowed multiplication by 8, on another stack: what auditors compute. */
function verifyByTheBook(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const s = readLittleEndian(signature.subarray(32));
  if (s >= Fn.ORDER) return false;
  try {
    const a = Point.fromBytes(key, false);
    if (a.isSmallOrder()) return false;
    const k = Fn.create(readLittleEndian(sha512(concatBytes(r, key, message))));
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false;
  }
}

/** The eight points of order 1, 2, 4 and 8. */
const T8 = Point.fromBytes(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'), true);
const TORSION: readonly EdwardsPoint[] = Array.from({ length: 8 }, (_, n) =>
  n === 0 ? Point.ZERO : T8.multiplyUnsafe(BigInt(n)),
);
const torsion = (n: number): EdwardsPoint => TORSION[n % 8] ?? Point.ZERO;

/** A signature by scalar `a` with key and nonce moved by points of small order; honest if both are zero. */
function craft(message: Uint8Array, a: bigint, r: bigint, keyShift: number, nonceShift: number) {
  const key = Point.BASE.multiplyUnsafe(a).add(torsion(keyShift)).toBytes();
  const nonce = Point.BASE.multiplyUnsafe(r).add(torsion(nonceShift)).toBytes();
  const k = Fn.create(readLittleEndian(sha512(concatBytes(nonce, key, message))));
  return { key, nonce, s: Fn.create(r + k * a) };
}

const RFC = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

describe('Ed25519', () => {
  it.each(RFC)(
    'signs and verifies as RFC 8032, section 7.1 prints it: %#',
    (seed, key, message, signature) => {
      const signer = createEd25519Signer(fromHex(seed));
      expect(signer.publicKey).toEqual(fromHex(key));
      expect(signer.sign(fromHex(message))).toEqual(fromHex(signature));
      expect(verifyEd25519(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
    },
  );

  it('refuses the signature with any one bit changed', () => {
    const [, key, message, signature] = RFC[2];
    for (let bit = 0; bit < 512; bit++) {
      const changed = fromHex(signature);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verifyEd25519(fromHex(key), fromHex(message), changed), `bit ${bit}`).toBe(false);
    }
  });

  it.each(TORSION.map((point, n) => [n, point] as const))(
    'refuses the key of small order %i, for which one signature fits many messages',
    (_, point) => {
      const bytes = point.toBytes();
      const signed = Uint8Array.from(bytes);
      signed[31] = (signed[31] ?? 0) ^ 0x80;
      expect(isPublicKey(bytes)).toBe(false);
      expect(isPublicKey(signed)).toBe(false);
      const anything = concatBytes(Point.ZERO.toBytes(), new Uint8Array(32));
      for (let n = 0; n < 32; n++) {
        expect(verifyEd25519(bytes, Uint8Array.of(n), anything)).toBe(false);
      }
    },
  );

  it('refuses the nineteen encodings of y that are not below p, with either sign', () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const sign of [0n, 1n << 255n]) expect(isPublicKey(littleEndian(y | sign))).toBe(false);
    }
    expect(isPublicKey(littleEndian(P - 2n))).toBe(true);
    expect(isPublicKey(littleEndian(2n ** 255n - 1n - 2n ** 100n))).toBe(true);
  });

  it('refuses a key or a signature of another length, and bytes that are no point', () => {
    const signer = createEd25519Signer(new Uint8Array(32).fill(7));
    const message = new Uint8Array(32);
    const signature = signer.sign(message);
    for (const length of [0, 31, 33, 64]) {
      expect(verifyEd25519(new Uint8Array(length), message, signature)).toBe(false);
      expect(verifyEd25519(signer.publicKey, message, signature.subarray(0, length - 1))).toBe(false);
    }
    expect(verifyEd25519(signer.publicKey, message, concatBytes(signature, Uint8Array.of(0)))).toBe(false);
    expect(verifyEd25519(littleEndian(2n), message, signature)).toBe(false);
    expect(() => createEd25519Signer(new Uint8Array(31))).toThrow(/32 bytes, not 31/);
  });

  it('answers as the equation without the cofactor does on another stack, whatever key, nonce and scalar', () => {
    const scalar = fc.bigInt({ min: 1n, max: Fn.ORDER - 1n });
    const shift = fc.constantFrom(0, 0, 1, 2, 4, 7);
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(
        scalar,
        scalar,
        shift,
        shift,
        fc.constantFrom(0n, 0n, 1n, 2n, 7n, 15n),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (a, r, keyShift, nonceShift, over, message) => {
          const { key, nonce, s } = craft(message, a, r, keyShift, nonceShift);
          const wide = s + over * Fn.ORDER;
          fc.pre(wide < 1n << 256n);
          const signature = concatBytes(nonce, littleEndian(wide));
          const ours = verifyEd25519(key, message, signature);
          expect(ours).toBe(verifyByTheBook(key, message, signature));
          if (over > 0n) expect(ours).toBe(false);
          seen[ours ? 'yes' : 'no'] += 1;
        },
      ),
      { numRuns: inForm(100, 3_000) },
    );
    expect(seen.yes).toBeGreaterThan(5);
    expect(seen.no).toBeGreaterThan(5);
  });

  it('answers the same on both stacks for arbitrary bytes in place of key and nonce', () => {
    const edge = fc.constantFrom(...[0n, 1n, 2n, P - 1n, P, P + 1n, P + 18n].map(littleEndian));
    const any32 = fc.oneof(edge, fc.uint8Array({ minLength: 32, maxLength: 32 }));
    fc.assert(
      fc.property(
        any32,
        any32,
        fc.constantFrom(0n, 1n, Fn.ORDER, Fn.ORDER - 1n),
        any32,
        (key, nonce, s, message) => {
          const signature = concatBytes(nonce, littleEndian(s));
          expect(verifyEd25519(key, message, signature)).toBe(verifyByTheBook(key, message, signature));
        },
      ),
      { numRuns: inForm(100, 3_000) },
    );
  });

  // Why the specification forbids the cofactor: the two equations part on signatures that a hostile signer can make.
  it('refuses a nonce moved by a point of small order, which a cofactored verifier accepts', () => {
    const message = new Uint8Array(32).fill(3);
    const { key, nonce, s } = craft(message, 12_345n, 67_890n, 0, 1);
    const signature = concatBytes(nonce, littleEndian(s));
    expect(ed25519.verify(signature, message, key, { zip215: false })).toBe(true);
    expect(verifyEd25519(key, message, signature)).toBe(false);
  });

  it('refuses a key that OpenSSL takes although its y is not below p', () => {
    // The scalar of a point with so small a y is unknown, but OpenSSL reads the key without complaint.
    const wide = littleEndian(P + 3n);
    const der = concatBytes(fromHex('302a300506032b6570032100'), wide);
    const key = { key: Buffer.from(der), format: 'der', type: 'spki' } as const;
    expect(() => verifyOpenssl(null, new Uint8Array(32), key, new Uint8Array(64))).not.toThrow();
    expect(isPublicKey(wide)).toBe(false);
  });
});
