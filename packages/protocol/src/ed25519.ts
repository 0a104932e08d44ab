/**
 * Ed25519 (RFC 8032) over 32-byte hashes. Verification is cofactorless and refuses keys of small order, so that every
 * machine and every auditor reaches the same answer. Secrets of signers never come here: they sign in locked memory.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { concatBytes, toHex } from './bytes.ts';

const SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const PKCS8 = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
);

/** Encodings of the eight points of small order that are below p (RFC 8032, section 5.1.3; sign bit cleared). */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

const MAX_CACHED_KEYS = 256;
const keys = new Map<string, KeyObject>();

/**
 * Whether 32 bytes have the form of a verification key: y below p = 2^255 - 19, and not of small order. OpenSSL takes
 * larger y, so that one point would have two encodings. Whether it lies on the curve shows when it is used.
 */
export function isPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const plain = Uint8Array.from(publicKey);
  plain[31] = (plain[31] ?? 0) & 0x7f;
  return isBelowP(plain) && !SMALL_ORDER.has(toHex(plain));
}

/** p is ed ff … ff 7f on the line, little-endian. */
function isBelowP(y: Uint8Array): boolean {
  return (y[0] ?? 0) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((byte) => byte !== 0xff);
}

function keyObject(publicKey: Uint8Array): KeyObject {
  const id = toHex(publicKey);
  let key = keys.get(id);
  if (key === undefined) {
    if (keys.size >= MAX_CACHED_KEYS) keys.clear();
    key = createPublicKey({ key: Buffer.from(concatBytes(SPKI, publicKey)), format: 'der', type: 'spki' });
    keys.set(id, key);
  }
  return key;
}

/** Never throws: a key or a signature of a wrong form simply does not verify. */
export function verifyEd25519(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  if (!isPublicKey(publicKey) || signature.length !== 64) return false;
  try {
    return verify(null, hash, keyObject(publicKey), signature);
  } catch {
    return false; // not a point of the curve
  }
}

/** For online roles (vault, screen, requester, gate link) whose keys may live on the ordinary heap. */
export interface Ed25519Signer {
  readonly publicKey: Uint8Array;
  sign(hash: Uint8Array): Uint8Array;
}

/** @param seed 32 bytes (RFC 8032 private key) @throws Error if it is not */
export function createEd25519Signer(seed: Uint8Array): Ed25519Signer {
  if (seed.length !== 32) throw new Error(`an Ed25519 seed has 32 bytes, not ${seed.length}`);
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, seed)), format: 'der', type: 'pkcs8' });
  const publicKey = new Uint8Array(
    createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length),
  );
  return { publicKey, sign: (hash) => new Uint8Array(sign(null, hash, key)) };
}
