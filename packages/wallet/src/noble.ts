/**
 * Point arithmetic on @noble/secp256k1, for the vault, the gate, the auditor and tests.
 * Not exported by `index.ts`: a signer has its own, on the native library, and must not load a second curve.
 */
import { Point } from '@noble/secp256k1';
import type { PointMath } from './extended-key.ts';

function readScalar(bytes: Uint8Array): bigint {
  if (bytes.length !== 32) throw new RangeError(`a tweak has 32 bytes, not ${bytes.length}`);
  const scalar = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (scalar >= Point.CURVE().n) throw new RangeError('a tweak is not below the curve order');
  return scalar;
}

export const noblePointMath: PointMath = {
  addTweak(publicKey, tweak) {
    if (publicKey.length !== 33) throw new RangeError(`a public key has 33 bytes, not ${publicKey.length}`);
    const point = Point.fromBytes(publicKey).assertValidity();
    const scalar = readScalar(tweak);
    // The library refuses to multiply by zero; adding nothing is valid all the same.
    const sum = scalar === 0n ? point : point.add(Point.BASE.multiply(scalar));
    if (sum.is0()) throw new RangeError('the sum is the point at infinity');
    return sum.toBytes(true);
  },
};
