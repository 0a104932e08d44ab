/** Constants and shape of a sealed message, shared by both implementations. Spec: protocol-spec/6-sealing.md. */
import { concatBytes } from '../bytes.ts';

export interface SealedMessage {
  /** X25519 public key, 32 bytes; the same for all gates. */
  readonly ephemeral: Uint8Array;
  /** One per gate: its index in the list that was sealed to, and the wrapped content key, 48 bytes. */
  readonly wraps: readonly { readonly gate: number; readonly bytes: Uint8Array }[];
  /** Plaintext and a 16-byte tag. */
  readonly ciphertext: Uint8Array;
}

export const CONTENT_KEY_SIZE = 32;
export const GATE_KEY_SIZE = 32;
export const MAC_SIZE = 32;
export const TAG_SIZE = 16;
export const WRAP_SIZE = CONTENT_KEY_SIZE + TAG_SIZE;

/** Zero: every key encrypts exactly one message. */
export const NONCE = new Uint8Array(12);

export const CONTENT_LABEL = 'coldwire/v1/seal\0';
export const EPHEMERAL_LABEL = 'coldwire/v1/seal/ephemeral\0';
export const WRAP_LABEL = 'coldwire/v1/seal/wrap\0';

/** In front of what a body's salt is derived from. */
export const SALT_LABEL = 'coldwire/v1/salt\0';

export const ASCII = new TextEncoder();

const HASH_SIZE = 32;

/**
 * What a signer's sealed signatures are bound to: the charter, the request that they answer and the transaction.
 * @returns 96 bytes
 * @throws Error if a part is not a hash of 32 bytes
 */
export function sealContext(charterHash: Uint8Array, requestHash: Uint8Array, txid: Uint8Array): Uint8Array {
  const parts = [charterHash, requestHash, txid];
  if (parts.some((part) => part.length !== HASH_SIZE))
    throw new Error('a seal context is made of three hashes');
  return concatBytes(...parts);
}
