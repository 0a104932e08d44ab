/**
 * The account key of a signer: BIP-48 `m/48h/coin'/0h/2h` from a fresh seed, as BIP-32's 78 bytes.
 *
 * Runs in the ceremony process only: @scure/bip32 computes with numbers that cannot be wiped. What can be wiped is.
 * Spec: protocol-spec/8-custody.md, "The key". Sources: BIP-32, BIP-48.
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import type { NetworkName } from '@coldwire/protocol/charter/charter.ts';
import {
  EXTENDED_KEY,
  HARDENED,
  KEY_BLOCK,
  PRIVATE_KEY_VERSION,
  PURPOSE_BIP48,
  SCRIPT_TYPE_P2WSH,
} from '@coldwire/protocol/key-block/layout.ts';
import { HDKey } from '@scure/bip32';

/** The only account of a signer; a successor wallet gets new keys, not a new account of old ones. */
export const ACCOUNT = 0;
const PUBLIC_KEY_VERSION = { 0: 0x0488_b21e, 1: 0x0435_87cf } as const;

/** Byte strings as lower-case hex. */
export type AccountPublic = {
  /** First 4 bytes of HASH160 of the master public key. */
  readonly fingerprint: string;
  readonly path: string;
  /** The account's extended public key, base58check; `tpub…` on test networks. */
  readonly xpub: string;
  /** Compressed. */
  readonly publicKey: string;
  readonly chainCode: string;
};

export type Account = {
  /** Secret; the caller wipes it. */
  readonly serialized: Uint8Array;
  readonly public: AccountPublic;
};

/** SLIP-44: 0 mainnet, 1 every test network. */
export function coinType(network: NetworkName): 0 | 1 {
  return network === 'mainnet' ? 0 : 1;
}

function versionsOf(network: NetworkName): { readonly private: number; readonly public: number } {
  const coin = coinType(network);
  return { private: PRIVATE_KEY_VERSION[coin], public: PUBLIC_KEY_VERSION[coin] };
}

/** @param seed 32 random bytes; stays the caller's to wipe */
export function deriveAccount(seed: Uint8Array, network: NetworkName): Account {
  let key = HDKey.fromMasterSeed(seed, versionsOf(network));
  const fingerprint = key.fingerprint.toString(16).padStart(8, '0');
  for (const step of [PURPOSE_BIP48, coinType(network), ACCOUNT, SCRIPT_TYPE_P2WSH]) {
    const child = key.deriveChild(HARDENED + step);
    key.wipePrivateData();
    key = child;
  }
  const serialized = serializePrivate(key);
  key.wipePrivateData();
  return {
    serialized,
    public: {
      fingerprint,
      path: `m/${PURPOSE_BIP48}h/${coinType(network)}h/${ACCOUNT}h/${SCRIPT_TYPE_P2WSH}h`,
      ...describe(key),
    },
  };
}

/** The public half of 78 bytes, or null if they are no private account key of this network. */
export function readAccount(
  serialized: Uint8Array,
  network: NetworkName,
): Pick<AccountPublic, 'xpub' | 'publicKey' | 'chainCode'> | null {
  if (serialized.length !== KEY_BLOCK.accountKey.size) return null;
  const view = new DataView(serialized.buffer, serialized.byteOffset, serialized.length);
  if (view.getUint32(EXTENDED_KEY.version.at) !== versionsOf(network).private) return null;
  if (view.getUint8(EXTENDED_KEY.marker.at) !== 0) return null;
  const privateKey = slice(serialized, EXTENDED_KEY.privateKey);
  try {
    const key = new HDKey({
      versions: versionsOf(network),
      depth: view.getUint8(EXTENDED_KEY.depth.at),
      parentFingerprint: view.getUint32(EXTENDED_KEY.parentFingerprint.at),
      index: view.getUint32(EXTENDED_KEY.childNumber.at),
      chainCode: slice(serialized, EXTENDED_KEY.chainCode),
      privateKey,
    });
    key.wipePrivateData();
    return describe(key);
  } catch {
    return null; // zero, or not below the order of the curve
  } finally {
    privateKey.fill(0);
  }
}

function describe(key: HDKey): Pick<AccountPublic, 'xpub' | 'publicKey' | 'chainCode'> {
  if (key.publicKey === null || key.chainCode === null)
    throw new Error('an extended key without its public parts');
  return { xpub: key.publicExtendedKey, publicKey: toHex(key.publicKey), chainCode: toHex(key.chainCode) };
}

function serializePrivate(key: HDKey): Uint8Array {
  const { privateKey, chainCode } = key;
  if (privateKey === null || chainCode === null) throw new Error('an extended key without its private parts');
  const out = new Uint8Array(KEY_BLOCK.accountKey.size);
  const view = new DataView(out.buffer);
  view.setUint32(EXTENDED_KEY.version.at, key.versions.private);
  view.setUint8(EXTENDED_KEY.depth.at, key.depth);
  view.setUint32(EXTENDED_KEY.parentFingerprint.at, key.parentFingerprint);
  view.setUint32(EXTENDED_KEY.childNumber.at, key.index);
  out.set(chainCode, EXTENDED_KEY.chainCode.at);
  out.set(privateKey, EXTENDED_KEY.privateKey.at);
  privateKey.fill(0);
  return out;
}

function slice(bytes: Uint8Array, field: { readonly at: number; readonly size: number }): Uint8Array {
  return bytes.slice(field.at, field.at + field.size);
}
