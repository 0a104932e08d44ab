/**
 * Sealing, seen from outside of the signer: a gate opens what was sealed to it, an auditor rebuilds every byte from the
 * disclosed content key. A second implementation on another library (node:crypto, that is OpenSSL) than the signer's
 * (libsodium); both must give the same bytes. Refuses gate keys of small order and anything that does not authenticate.
 * Spec: protocol-spec/6-sealing.md.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import { concatBytes } from '../bytes.ts';
import {
  ASCII,
  CONTENT_KEY_SIZE,
  EPHEMERAL_LABEL,
  GATE_KEY_SIZE,
  MAC_SIZE,
  NONCE,
  type SealedMessage,
  TAG_SIZE,
  WRAP_LABEL,
  WRAP_SIZE,
} from './format.ts';

export type { SealedMessage } from './format.ts';

export interface Opened {
  /** 32 bytes; whoever has it can open, and rebuild, the whole message. The gate discloses it with CLEARED. */
  readonly contentKey: Uint8Array;
  readonly plaintext: Uint8Array;
}

/**
 * Opens a sealed message as one of its gates.
 * @param gatePrivateKey 32 bytes, X25519
 * @param gate index of the gate in the list that was sealed to
 * @returns null when it was not sealed to this key and context, or was altered
 */
export function openSealed(
  gatePrivateKey: Uint8Array,
  gate: number,
  context: Uint8Array,
  sealed: SealedMessage,
): Opened | null {
  const wrap = sealed.wraps.find((candidate) => candidate.gate === gate);
  if (wrap === undefined || wrap.bytes.length !== WRAP_SIZE || sealed.ephemeral.length !== GATE_KEY_SIZE)
    return null;
  const secret = privateKeyObject(gatePrivateKey);
  const shared = agree(secret, sealed.ephemeral);
  if (shared === null) return null;
  const wrapKey = deriveWrapKey(shared, sealed.ephemeral, publicBytes(secret));
  const contentKey = decrypt(wrapKey, wrap.bytes, context);
  if (contentKey === null) return null;
  const plaintext = decrypt(contentKey, sealed.ciphertext, concatBytes(context, sealed.ephemeral));
  return plaintext === null ? null : { contentKey, plaintext };
}

/**
 * Makes the sealed message again from the disclosed content key: equal to what the signer sent, or the signer lied.
 * @param contentKey 32 bytes
 * @param gates X25519 public keys, 32 bytes each, in the order of the charter
 * @throws Error if the content key has a wrong length or a gate key is of small order
 */
export function rebuildSealed(
  contentKey: Uint8Array,
  context: Uint8Array,
  gates: readonly Uint8Array[],
  plaintext: Uint8Array,
): SealedMessage {
  if (contentKey.length !== CONTENT_KEY_SIZE) throw new Error(`a content key has ${CONTENT_KEY_SIZE} bytes`);
  const ephemeralSecret = privateKeyObject(mac(contentKey, ASCII.encode(EPHEMERAL_LABEL)));
  const ephemeral = publicBytes(ephemeralSecret);
  const wraps = gates.map((gateKey, gate) => {
    const shared = agree(ephemeralSecret, gateKey);
    if (shared === null) throw new Error(`the key of gate ${gate} is not an X25519 key of full order`);
    return { gate, bytes: encrypt(deriveWrapKey(shared, ephemeral, gateKey), contentKey, context) };
  });
  return { ephemeral, wraps, ciphertext: encrypt(contentKey, plaintext, concatBytes(context, ephemeral)) };
}

/** The X25519 public key of a gate's private key; both 32 bytes. */
export function gatePublicKey(gatePrivateKey: Uint8Array): Uint8Array {
  return publicBytes(privateKeyObject(gatePrivateKey));
}

/** Whether signers can seal to it: 32 bytes that are an X25519 public key and not of small order (RFC 7748, section 6.1). */
export function isSealKey(publicKey: Uint8Array): boolean {
  return agree(PROBE, publicKey) !== null;
}

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

/** No secret: with any private key, small orders give zero and nothing else does. */
const PROBE = privateKeyObject(new Uint8Array(GATE_KEY_SIZE).fill(0x42));

function privateKeyObject(secret: Uint8Array): KeyObject {
  if (secret.length !== GATE_KEY_SIZE) throw new Error(`an X25519 key has ${GATE_KEY_SIZE} bytes`);
  return createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: 'der', type: 'pkcs8' });
}

function publicBytes(secret: KeyObject): Uint8Array {
  const der = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(SPKI_X25519.length));
}

/** X25519 (RFC 7748); null for a public key of wrong length or small order. */
function agree(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array | null {
  if (publicKey.length !== GATE_KEY_SIZE) return null;
  const key = createPublicKey({ key: Buffer.concat([SPKI_X25519, publicKey]), format: 'der', type: 'spki' });
  try {
    const shared = new Uint8Array(diffieHellman({ privateKey, publicKey: key }));
    return shared.some((byte) => byte !== 0) ? shared : null;
  } catch {
    return null; // OpenSSL refuses an all-zero result, which only keys of small order give
  }
}

function deriveWrapKey(shared: Uint8Array, ephemeral: Uint8Array, gateKey: Uint8Array): Uint8Array {
  return mac(shared, ASCII.encode(WRAP_LABEL), ephemeral, gateKey);
}

/** HMAC-SHA-512 (RFC 2104) cut to 32 bytes. */
function mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHmac('sha512', key)
      .update(concatBytes(...parts))
      .digest()
      .subarray(0, MAC_SIZE),
  );
}

function encrypt(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  const body = cipher.update(plaintext);
  return concatBytes(body, cipher.final(), cipher.getAuthTag());
}

function decrypt(key: Uint8Array, ciphertext: Uint8Array, associated: Uint8Array): Uint8Array | null {
  const length = ciphertext.length - TAG_SIZE;
  if (length < 0) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
  decipher.setAAD(associated, { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  const plaintext = decipher.update(ciphertext.subarray(0, length));
  try {
    return concatBytes(plaintext, decipher.final());
  } catch {
    return null; // the tag does not match
  }
}
