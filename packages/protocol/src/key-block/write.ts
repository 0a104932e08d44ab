/**
 * Writes a key block; used by the ceremony, which holds the secrets as ordinary bytes anyway. Refuses parts of a wrong
 * length. The signer's reader (packages/signer/src/io/key-block.ts) judges what the parts say.
 * Spec: protocol-spec/7-key-block.md.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  KEY_BLOCK,
  KEY_BLOCK_MAGIC,
  KEY_BLOCK_SIZE,
  KEY_BLOCK_VERSION,
  PURPOSE_BIP48,
  SCRIPT_TYPE_P2WSH,
} from './layout.ts';

export interface KeyBlockParts {
  /** SLIP-44: 0 mainnet, 1 every test network. */
  readonly coinType: 0 | 1;
  readonly account: number;
  /** 4 bytes, BIP-32. */
  readonly masterFingerprint: Uint8Array;
  /** 78 bytes, BIP-32 serialization of m/48h/coin'/account'/2h, private. */
  readonly accountKey: Uint8Array;
  /** 32 bytes, RFC 8032. */
  readonly identitySeed: Uint8Array;
  /** 32 bytes; the seed's public key. */
  readonly identityPublicKey: Uint8Array;
  /** 32 bytes from a random generator. */
  readonly sealSecret: Uint8Array;
}

/**
 * Fills `target` (256 bytes), so that the caller owns the only copy and can wipe it.
 * @throws Error if a part or the target has a wrong length
 */
export function writeKeyBlock(target: Uint8Array, parts: KeyBlockParts): void {
  if (target.length !== KEY_BLOCK_SIZE)
    throw new Error(`a key block has ${KEY_BLOCK_SIZE} bytes, not ${target.length}`);
  const put = (field: { readonly at: number; readonly size: number }, bytes: Uint8Array): void => {
    if (bytes.length !== field.size)
      throw new Error(`the part at ${field.at} has ${field.size} bytes, not ${bytes.length}`);
    target.set(bytes, field.at);
  };
  target.fill(0);
  put(KEY_BLOCK.magic, KEY_BLOCK_MAGIC);
  target[KEY_BLOCK.version.at] = KEY_BLOCK_VERSION;
  target[KEY_BLOCK.purpose.at] = PURPOSE_BIP48;
  target[KEY_BLOCK.scriptType.at] = SCRIPT_TYPE_P2WSH;
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(KEY_BLOCK.coinType.at, parts.coinType);
  view.setUint32(KEY_BLOCK.account.at, parts.account);
  put(KEY_BLOCK.masterFingerprint, parts.masterFingerprint);
  put(KEY_BLOCK.accountKey, parts.accountKey);
  put(KEY_BLOCK.identitySeed, parts.identitySeed);
  put(KEY_BLOCK.identityPublicKey, parts.identityPublicKey);
  put(KEY_BLOCK.sealSecret, parts.sealSecret);
  put(KEY_BLOCK.checksum, sha256(target.subarray(0, KEY_BLOCK.checksum.at)));
}
