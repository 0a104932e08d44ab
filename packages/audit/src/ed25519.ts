/**
 * Ed25519 on @noble/curves: another library than the machines verify with (OpenSSL, libsodium). RFC 8032 without the
 * leniency of ZIP-215: unreduced encodings and keys of small order do not verify. Each signature is computed once.
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import { ed25519 } from '@noble/curves/ed25519.js';

const known = new Map<string, boolean>();
const KNOWN_MAX = 200_000;

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

function verifyOnce(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, hash, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
