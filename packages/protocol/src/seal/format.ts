/** Constants and shape of a sealed message, shared by both implementations. Spec: protocol-spec/6-sealing.md. */

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

export const CONTENT_LABEL = 'coldwire/v0/seal\0';
export const EPHEMERAL_LABEL = 'coldwire/v0/seal/ephemeral\0';
export const WRAP_LABEL = 'coldwire/v0/seal/wrap\0';

export const ASCII = new TextEncoder();
