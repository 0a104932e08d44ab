/**
 * The key block: 256 bytes that carry one signer's secrets from the ceremony (which writes it) through a pipe into the
 * signer's locked memory (which reads it). Only offsets and constants; no bytes pass through here.
 * Spec: protocol-spec/7-key-block.md.
 */

/** The whole block; not one byte more or less is accepted. */
export const KEY_BLOCK_SIZE = 256;

export const KEY_BLOCK_MAGIC = Uint8Array.of(0x43, 0x57, 0x4b, 0x42); // "CWKB"
export const KEY_BLOCK_VERSION = 1;

/** Each field's first byte and length. What lies between fields is zero. */
export const KEY_BLOCK = {
  magic: { at: 0, size: 4 },
  version: { at: 4, size: 1 },
  /** BIP-43 purpose: 48 (BIP-48). */
  purpose: { at: 5, size: 1 },
  /** BIP-48 script type: 2 (P2WSH). */
  scriptType: { at: 6, size: 1 },
  /** SLIP-44 coin type without the hardening bit, big-endian: 0 mainnet, 1 every test network. */
  coinType: { at: 8, size: 4 },
  /** BIP-48 account without the hardening bit, big-endian. */
  account: { at: 12, size: 4 },
  masterFingerprint: { at: 16, size: 4 },
  /** BIP-32 serialization of the account's private key, the 78 bytes under an xprv's Base58Check. */
  accountKey: { at: 32, size: 78 },
  identitySeed: { at: 128, size: 32 },
  identityPublicKey: { at: 160, size: 32 },
  sealSecret: { at: 192, size: 32 },
  /** SHA-256 of everything before it. */
  checksum: { at: 224, size: 32 },
} as const;

/** Where the parts of a BIP-32 serialized private key lie inside its 78 bytes. */
export const EXTENDED_KEY = {
  version: { at: 0, size: 4 },
  depth: { at: 4, size: 1 },
  parentFingerprint: { at: 5, size: 4 },
  childNumber: { at: 9, size: 4 },
  chainCode: { at: 13, size: 32 },
  /** One zero byte that marks a private key. */
  marker: { at: 45, size: 1 },
  privateKey: { at: 46, size: 32 },
} as const;

export const PURPOSE_BIP48 = 48;
export const SCRIPT_TYPE_P2WSH = 2;
/** m/48h/coin'/account'/2h has four steps. */
export const ACCOUNT_DEPTH = 4;
export const HARDENED = 0x8000_0000;

/** BIP-32 version bytes of a private key: "xprv" for coin type 0, "tprv" for coin type 1. */
export const PRIVATE_KEY_VERSION: Readonly<Record<0 | 1, number>> = { 0: 0x0488_ade4, 1: 0x0435_8394 };
