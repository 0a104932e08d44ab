/**
 * Bitcoin's hash functions, on @noble/hashes.
 *
 * node:crypto was measured (`test/bench/hash.bench.ts`): its one-shot SHA-256 saves 1.7 µs of the 4.0 µs of one
 * signature hash, its HMAC-SHA512 is 1.6 times slower. One signature costs over 100 µs, so the core stays on one pure,
 * dependency-free implementation that needs no OpenSSL inside a signer.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

export { sha256 };

/** SHA-256 of SHA-256: transaction ids, block hashes, BIP-143, base58 checksums. 32 bytes. */
export function hash256(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

/** RIPEMD-160 of SHA-256: key fingerprints, P2PKH and P2WPKH programs. 20 bytes. */
export function hash160(bytes: Uint8Array): Uint8Array {
  return ripemd160(sha256(bytes));
}

/** HMAC-SHA512 (BIP-32 derivation). 64 bytes. */
export function hmacSha512(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha512, key, message);
}
