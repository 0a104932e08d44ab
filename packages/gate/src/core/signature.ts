/** Ed25519 as the gate checks it, on a curve of its own (@noble/curves): as strict as the signers' (RFC 8032). */
import { concatBytes, equalBytes } from '@coldwire/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';

const { Point } = ed25519;

const readLittleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/**
 * S·B − k·A is R, byte for byte (4-messages.md, "Hashes"). The library's own `verify` multiplies by the cofactor and would
 * accept what signers refuse. False for malformed keys and signatures.
 */
export function verifySignature(key: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const r = signature.subarray(0, 32);
    const s = readLittleEndian(signature.subarray(32));
    const a = Point.fromBytes(key, false);
    if (s >= Point.Fn.ORDER || a.isSmallOrder()) return false;
    const k = Point.Fn.create(readLittleEndian(sha512(concatBytes(r, key, hash))));
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false;
  }
}
