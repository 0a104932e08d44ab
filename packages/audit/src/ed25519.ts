/**
 * Ed25519 on the curve arithmetic of @noble/curves: another library than the machines verify with (OpenSSL, libsodium), and
 * the equation of the specification, without cofactor, so that both answer alike to the last bit. Refuses unreduced
 * encodings and keys of small order. Written out here because the library's own `verify` multiplies by the cofactor and
 * prepares nothing for a key that it meets a thousand times. Each signature is computed once.
 * Spec: protocol-spec/4-messages.md, "Hashes". Source: RFC 8032, section 5.1.7.
 */
import { createHash } from 'node:crypto';
import { toHex } from '@coldwire/protocol/bytes.ts';
import { ed25519 } from '@noble/curves/ed25519.js';

const { Point } = ed25519;
type Point = ReturnType<typeof Point.fromBytes>;
const ORDER = Point.Fn.ORDER;
/** Bits of the tables that are made for each key. */
const WINDOW = 8;

const known = new Map<string, boolean>();
const KNOWN_MAX = 200_000;
/** −A by key, with its tables; undefined for what is no key. */
const negated = new Map<string, Point | undefined>();
const KEYS_MAX = 512;

/** Never throws: what has not the form does not verify. */
export function verifyStrictly(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  const id = `${toHex(publicKey)}${toHex(hash)}${toHex(signature)}`;
  let good = known.get(id);
  if (good === undefined) {
    if (known.size >= KNOWN_MAX) known.clear();
    good = verifyOnce(publicKey, hash, signature);
    known.set(id, good);
  }
  return good;
}

/** s·B − k·A = R, with k = SHA-512(R ‖ A ‖ hash). */
function verifyOnce(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const first = signature.subarray(0, 32);
  const minusA = negatedKey(publicKey);
  const r = readPoint(first);
  const s = readNumber(signature.subarray(32));
  if (minusA === undefined || r === undefined || s >= ORDER) return false;
  const digest = createHash('sha512').update(first).update(publicKey).update(hash).digest();
  const k = readNumber(digest) % ORDER;
  return Point.BASE.multiplyUnsafe(s).add(minusA.multiplyUnsafe(k)).equals(r);
}

function negatedKey(publicKey: Uint8Array): Point | undefined {
  const id = toHex(publicKey);
  if (!negated.has(id)) {
    if (negated.size >= KEYS_MAX) negated.clear();
    const point = readPoint(publicKey);
    const isKey = point !== undefined && !point.isSmallOrder();
    negated.set(id, isKey ? point.negate().precompute(WINDOW) : undefined);
  }
  return negated.get(id);
}

/** A reduced encoding of a point of the curve. */
function readPoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

/** Little-endian. */
function readNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}
