/**
 * Seals partial signatures to the gates, in locked memory, with libsodium. Deterministic: a signer has no randomness to
 * hide anything in, and an auditor who is given the content key rebuilds every byte (packages/protocol/src/seal).
 * Refuses gate keys of small order. Spec: protocol-spec/6-sealing.md.
 */
import { concatBytes } from '@coldwire/protocol/bytes.ts';
import {
  ASCII,
  CONTENT_LABEL,
  EPHEMERAL_LABEL,
  GATE_KEY_SIZE,
  NONCE,
  SALT_LABEL,
  type SealedMessage,
  TAG_SIZE,
  WRAP_LABEL,
} from '@coldwire/protocol/seal/format.ts';
import type { Sodium } from './native-interface.ts';
import type { SecureMemory } from './secure-memory.ts';

const CONTENT = ASCII.encode(CONTENT_LABEL);
const EPHEMERAL = ASCII.encode(EPHEMERAL_LABEL);
const WRAP = ASCII.encode(WRAP_LABEL);
const SALT = ASCII.encode(SALT_LABEL);

const SECRET_SIZE = 32;
const SALT_SIZE = 16;
/** Room for the longest MAC input: a label and two 32-byte strings. */
const MESSAGE_SIZE = 128;

/** Seals one message at a time; all intermediate values live in one locked buffer that is wiped after each use. */
export class Sealer {
  readonly #sodium: Sodium;
  readonly #memory: SecureMemory;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  readonly #contentKey: Uint8Array;
  readonly #ephemeralSecret: Uint8Array;
  readonly #shared: Uint8Array;
  readonly #wrapKey: Uint8Array;
  readonly #digests: Uint8Array;
  readonly #message: Uint8Array;

  constructor(sodium: Sodium, memory: SecureMemory) {
    this.#sodium = sodium;
    this.#memory = memory;
    const sizes = [SECRET_SIZE, SECRET_SIZE, SECRET_SIZE, SECRET_SIZE, 2 * SECRET_SIZE, MESSAGE_SIZE];
    const scratch = memory.allocate(sizes.reduce((sum, size) => sum + size));
    let at = 0;
    const take = (size: number): Uint8Array => {
      at += size;
      return scratch.subarray(at - size, at);
    };
    this.#scratch = scratch;
    this.#contentKey = take(SECRET_SIZE);
    this.#ephemeralSecret = take(SECRET_SIZE);
    this.#shared = take(SECRET_SIZE);
    this.#wrapKey = take(SECRET_SIZE);
    this.#digests = take(2 * SECRET_SIZE);
    this.#message = take(MESSAGE_SIZE);
  }

  /**
   * @param sealSecret 32 bytes in locked memory, readable now
   * @param context what the message is bound to; the caller makes it unique per request
   * @param gates X25519 public keys, 32 bytes each, in the order of the charter
   * @throws Error if a gate key has a wrong length or small order; nothing is sealed then
   */
  seal(
    sealSecret: Uint8Array,
    context: Uint8Array,
    plaintext: Uint8Array,
    gates: readonly Uint8Array[],
  ): SealedMessage {
    try {
      this.#deriveContentKey(sealSecret, context, plaintext);
      this.#mac(this.#ephemeralSecret, this.#contentKey, EPHEMERAL);
      const ephemeral = new Uint8Array(GATE_KEY_SIZE);
      this.#sodium.crypto_scalarmult_base(ephemeral, this.#ephemeralSecret);
      const wraps = gates.map((gateKey, gate) => ({
        gate,
        bytes: this.#wrap(gate, gateKey, ephemeral, context),
      }));
      const ciphertext = this.#encrypt(this.#contentKey, plaintext, concatBytes(context, ephemeral));
      return { ephemeral, wraps, ciphertext };
    } finally {
      this.#memory.wipe(this.#scratch);
    }
  }

  /**
   * The salt of one message body, 16 bytes: as good as random to everyone else.
   * @param binding what makes it this message's own: the previous message's hash and the body
   */
  salt(sealSecret: Uint8Array, binding: Uint8Array): Uint8Array {
    try {
      const digest = this.#digests.subarray(0, SECRET_SIZE);
      this.#sodium.crypto_hash_sha256(digest, binding);
      this.#mac(this.#wrapKey, sealSecret, SALT, digest);
      return this.#wrapKey.slice(0, SALT_SIZE);
    } finally {
      this.#memory.wipe(this.#scratch);
    }
  }

  /** The plaintext is an input too: should a context ever repeat, no key encrypts two different messages. */
  #deriveContentKey(sealSecret: Uint8Array, context: Uint8Array, plaintext: Uint8Array): void {
    const ofContext = this.#digests.subarray(0, SECRET_SIZE);
    const ofPlaintext = this.#digests.subarray(SECRET_SIZE);
    this.#sodium.crypto_hash_sha256(ofContext, context);
    this.#sodium.crypto_hash_sha256(ofPlaintext, plaintext);
    this.#mac(this.#contentKey, sealSecret, CONTENT, ofContext, ofPlaintext);
  }

  #wrap(gate: number, gateKey: Uint8Array, ephemeral: Uint8Array, context: Uint8Array): Uint8Array {
    if (gateKey.length !== GATE_KEY_SIZE)
      throw new Error(`the key of gate ${gate} has ${gateKey.length} bytes`);
    if (this.#sodium.crypto_scalarmult(this.#shared, this.#ephemeralSecret, gateKey) !== 0) {
      throw new Error(`the key of gate ${gate} is not an X25519 key of full order`);
    }
    this.#mac(this.#wrapKey, this.#shared, WRAP, ephemeral, gateKey);
    return this.#encrypt(this.#wrapKey, this.#contentKey, context);
  }

  #encrypt(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + TAG_SIZE);
    const size = this.#sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
      out,
      plaintext,
      associated,
      NONCE,
      key,
    );
    if (Number(size) !== out.length) throw new Error(`libsodium encrypted ${size} bytes of ${out.length}`);
    return out;
  }

  /** HMAC-SHA-512 cut to 32 bytes, in one native call: composing HMAC here would pull key bytes into JavaScript. */
  #mac(out: Uint8Array, key: Uint8Array, ...parts: readonly Uint8Array[]): void {
    let size = 0;
    for (const part of parts) {
      this.#message.set(part, size);
      size += part.length;
    }
    this.#sodium.crypto_auth(out, this.#message.subarray(0, size), key);
  }
}
