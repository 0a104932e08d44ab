/**
 * The functions of the two native files that the signer calls, as the files export them: no JavaScript wrapper lies
 * between. Outputs are filled in place; 0 means done unless said otherwise. Lengths are checked by our callers, since
 * the files check only some of them. Sources: src/secp256k1.cc of secp256k1 5.0.2, binding.cc of sodium-native 5.1.0.
 */

/** One libsecp256k1 context. */
export interface Secp256k1 {
  contextRandomize(seed32: Uint8Array): number;
  privateKeyVerify(key32: Uint8Array): number;
  /** In place: key32 + tweak32 mod n. */
  privateKeyTweakAdd(key32: Uint8Array, tweak32: Uint8Array): number;
  /** The output's length, 33 or 65, chooses the form. */
  publicKeyCreate(out: Uint8Array, key32: Uint8Array): number;
  publicKeyTweakAdd(out: Uint8Array, publicKey: Uint8Array, tweak32: Uint8Array): number;
  /** RFC 6979 and low S as long as data and nonce function are undefined. */
  ecdsaSign(
    out: { signature: Uint8Array; recid: number },
    hash32: Uint8Array,
    key32: Uint8Array,
    data: undefined,
    nonce: undefined,
  ): number;
  ecdsaVerify(signature64: Uint8Array, hash32: Uint8Array, publicKey: Uint8Array): number;
}

export interface Secp256k1File {
  readonly Secp256k1: new () => Secp256k1;
}

export interface Sodium {
  sodium_malloc(size: number): ArrayBuffer;
  sodium_free(memory: ArrayBuffer): void;
  sodium_mprotect_noaccess(memory: ArrayBuffer): number;
  sodium_mprotect_readonly(memory: ArrayBuffer): number;
  sodium_mprotect_readwrite(memory: ArrayBuffer): number;
  sodium_memzero(bytes: Uint8Array): void;
  sodium_memcmp(a: Uint8Array, b: Uint8Array): boolean;
  sodium_is_zero(bytes: Uint8Array, length: number): boolean;
  randombytes_buf(memory: ArrayBuffer, at: number, length: number): void;
  crypto_hash_sha256(out: Uint8Array, input: Uint8Array): number;
  /** HMAC-SHA-512 cut to 32 bytes, under a 32-byte key. */
  crypto_auth(out32: Uint8Array, input: Uint8Array, key32: Uint8Array): number;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): number;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): number;
  /** Each argument as memory, offset, length. */
  crypto_sign_verify_detached(
    signature: ArrayBufferLike,
    signatureAt: number,
    signatureLength: number,
    message: ArrayBufferLike,
    messageAt: number,
    messageLength: number,
    publicKey: ArrayBufferLike,
    publicKeyAt: number,
    publicKeyLength: number,
  ): boolean;
  crypto_scalarmult_base(out: Uint8Array, secret: Uint8Array): number;
  /** Non-zero for a public key of small order. */
  crypto_scalarmult(out: Uint8Array, secret: Uint8Array, publicKey: Uint8Array): number;
  /** The ciphertext's length; negative on failure. */
  crypto_aead_chacha20poly1305_ietf_encrypt(
    out: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
}

/** What is checked to exist right after loading, so that a wrong file is refused at once and not in use. */
export const SECP256K1_FUNCTIONS: readonly (keyof Secp256k1)[] = [
  'contextRandomize',
  'privateKeyVerify',
  'privateKeyTweakAdd',
  'publicKeyCreate',
  'publicKeyTweakAdd',
  'ecdsaSign',
  'ecdsaVerify',
];

export const SODIUM_FUNCTIONS: readonly (keyof Sodium)[] = [
  'sodium_malloc',
  'sodium_free',
  'sodium_mprotect_noaccess',
  'sodium_mprotect_readonly',
  'sodium_mprotect_readwrite',
  'sodium_memzero',
  'sodium_memcmp',
  'sodium_is_zero',
  'randombytes_buf',
  'crypto_hash_sha256',
  'crypto_auth',
  'crypto_sign_seed_keypair',
  'crypto_sign_detached',
  'crypto_sign_verify_detached',
  'crypto_scalarmult_base',
  'crypto_scalarmult',
  'crypto_aead_chacha20poly1305_ietf_encrypt',
];
