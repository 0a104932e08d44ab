/** The gate's own Ed25519 is as strict as the signers': one signature, one encoding, no key that many signatures fit. */
import { fromHex } from '@coldwire/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../policy/test/world.ts';
import { verifySignature } from '../src/core/signature.ts';

const secret = seeded('secret');
const key = ed25519.getPublicKey(secret);
const hash = seeded('hash');
const signature = ed25519.sign(hash, secret);

const noPoint = fromHex('02'.padEnd(64, '0'));

/** The order of the group (RFC 8032, section 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function withS(change: (s: bigint) => bigint): Uint8Array {
  const read = Buffer.from(signature.slice(32)).reverse().toString('hex');
  const s = fromHex(
    change(BigInt(`0x${read}`))
      .toString(16)
      .padStart(64, '0'),
  ).reverse();
  return Uint8Array.of(...signature.slice(0, 32), ...s);
}

describe('A signature', () => {
  test('of the key holds, and of no other text or key', () => {
    expect(verifySignature(key, hash, signature)).toBe(true);
    expect(verifySignature(key, seeded('other'), signature)).toBe(false);
    expect(verifySignature(ed25519.getPublicKey(seeded('other')), hash, signature)).toBe(false);
  });

  test('with the order of the group added to S is none', () => {
    expect(
      verifySignature(
        key,
        hash,
        withS((s) => s),
      ),
    ).toBe(true);
    expect(
      verifySignature(
        key,
        hash,
        withS((s) => s + ORDER),
      ),
    ).toBe(false);
    expect(
      verifySignature(
        key,
        hash,
        withS(() => ORDER),
      ),
    ).toBe(false);
  });

  test.each([
    ['the neutral point', `01${'00'.repeat(31)}`],
    ['the point of order two', `ec${'ff'.repeat(30)}7f`],
    ['a point of order four', '00'.repeat(32)],
  ])('by %s is none: everything would be signed', (_name, point) => {
    // R = B and S = 1 fits every text wherever k·A vanishes.
    const fits = Uint8Array.of(...ed25519.Point.BASE.toBytes(), 1, ...new Uint8Array(31));
    const texts = Array.from({ length: 8 }, (_, i) => seeded(`text ${i}`));
    for (const text of texts) expect(verifySignature(fromHex(point), text, fits)).toBe(false);
  });

  const cases: readonly (readonly [what: string, key: Uint8Array, signature: Uint8Array])[] = [
    ['a key that is no point', noPoint, signature],
    ['a key of 31 bytes', key.slice(0, 31), signature],
    ['a key of 33 bytes', Uint8Array.of(...key, 0), signature],
    ['63 bytes', key, signature.slice(0, 63)],
    ['65 bytes', key, Uint8Array.of(...signature, 0)],
  ];
  test.each(cases)('of %s is none', (_what, badKey, badSignature) => {
    expect(verifySignature(badKey, hash, badSignature)).toBe(false);
  });

  test('is judged by a key that is really no point', () => {
    expect(() => ed25519.Point.fromBytes(noPoint)).toThrow();
  });
});
