/**
 * Signatures and public keys in the strict forms that nodes relay: DER (BIP-66), low S (BIP-146), defined hash
 * types, compressed keys in segwit. A key or signature in another form is refused, not merely "false".
 *
 * ECDSA is verified by Node's OpenSSL: neither the signer's library nor the gate's. OpenSSL knows no BIP-340, so
 * Schnorr signatures are verified by @noble/secp256k1.
 */
import { createPublicKey, verify } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashes, schnorr } from '@noble/secp256k1';
import { concat } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';

hashes.sha256 = sha256;

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

export interface EcdsaSignature {
  /** r ‖ s, 64 bytes. */
  readonly compact: Uint8Array;
  readonly hashType: number;
}

/** Reads one DER integer at `at`: positive, shortest form, at most 32 bytes of value. */
function readInteger(der: Uint8Array, at: number): { value: Uint8Array; next: number } {
  const length = der[at + 1] ?? 0;
  const bytes = der.subarray(at + 2, at + 2 + length);
  const [first = 0x80, second = 0] = bytes;
  const bad = der[at] !== 2 || length === 0 || bytes.length !== length || (first & 0x80) !== 0;
  if (bad || (length > 1 && first === 0 && (second & 0x80) === 0)) throw new Rejected('sig-der');
  const value = first === 0 ? bytes.subarray(1) : bytes;
  if (value.length > 32) throw new Rejected('sig-der', 'an integer is too large');
  return { value, next: at + 2 + length };
}

/** Reads `DER ‖ hash type`. */
export function decodeEcdsa(bytes: Uint8Array): EcdsaSignature {
  const der = bytes.subarray(0, -1);
  if (bytes.length < 9 || bytes.length > 73 || der[0] !== 0x30 || der[1] !== der.length - 2) {
    throw new Rejected('sig-der');
  }
  const r = readInteger(der, 2);
  const s = readInteger(der, r.next);
  if (s.next !== der.length) throw new Rejected('sig-der');
  const hashType = bytes.at(-1) ?? 0;
  const base = hashType & ~0x80;
  if (base < 1 || base > 3) throw new Rejected('sig-hashtype');
  const compact = new Uint8Array(64);
  compact.set(r.value, 32 - r.value.length);
  compact.set(s.value, 64 - s.value.length);
  if (BigInt(`0x${Buffer.from(compact.subarray(32)).toString('hex')}`) > HALF_ORDER) {
    throw new Rejected('sig-high-s');
  }
  return { compact, hashType };
}

export function requirePublicKeyForm(key: Uint8Array, segwit: boolean): void {
  const compressed = key.length === 33 && (key[0] === 2 || key[0] === 3);
  const uncompressed = key.length === 65 && key[0] === 4;
  if (!compressed && !uncompressed) throw new Rejected('pubkeytype');
  if (segwit && !compressed) throw new Rejected('witness-pubkeytype');
}

/** SubjectPublicKeyInfo of id-ecPublicKey on secp256k1 (RFC 5480), up to the key's bytes, by the key's length. */
const SPKI_HEADS = new Map([
  [33, Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex')],
  [65, Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex')],
]);

/** Verifies a signature of the double SHA-256, given the single one. False also for a key that is no point. */
export function verifyEcdsa(compact: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const head = SPKI_HEADS.get(key.length);
  if (head === undefined) return false;
  try {
    const publicKey = createPublicKey({ key: Buffer.from(concat([head, key])), format: 'der', type: 'spki' });
    return verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, compact);
  } catch {
    return false;
  }
}

export function verifySchnorr(signature: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean {
  try {
    return schnorr.verify(signature, hash, key);
  } catch {
    return false;
  }
}
