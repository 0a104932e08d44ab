/**
 * Extended public keys as text (xpub, tpub): 78 bytes in Base58Check (BIP-32).
 * Reading refuses private keys, other versions, another length, a key that cannot be a compressed point, and a depth
 * of zero with a parent.
 * Spec: protocol-spec/3-wallet.md, "Descriptor".
 */
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { decodeBase58Check, encodeBase58Check } from './base58.ts';
import type { AccountKey } from './extended-key.ts';
import { NETWORKS, type Network } from './network.ts';

export type ExtendedPublicKey = {
  /** `main` for xpub, `test` for tpub, which every test network uses. */
  readonly network: 'main' | 'test';
  readonly depth: number;
  /** 4 bytes. */
  readonly parentFingerprint: Uint8Array;
  /** The last step of the path, with the hardened bit; 0 for a master key. */
  readonly childNumber: number;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
};

const LENGTH = 78;
const VERSION = { main: NETWORKS.mainnet.xpubVersion, test: NETWORKS.regtest.xpubVersion } as const;

/** The 78 bytes of BIP-32, under the version of its network. Throws RangeError on a field of the wrong length or range. */
export function extendedKeyBytes(key: ExtendedPublicKey): Uint8Array {
  const { depth, parentFingerprint, chainCode, publicKey } = key;
  if (parentFingerprint.length !== 4 || chainCode.length !== 32 || publicKey.length !== 33) {
    throw new RangeError('an extended key has a fingerprint of 4, a chain code of 32 and a key of 33 bytes');
  }
  if (!Number.isInteger(depth) || depth < 0 || depth > 255) throw new RangeError(`${depth} is not a depth`);
  const bytes = new Uint8Array(LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION[key.network]);
  view.setUint8(4, depth);
  bytes.set(parentFingerprint, 5);
  view.setUint32(9, key.childNumber);
  bytes.set(chainCode, 13);
  bytes.set(publicKey, 45);
  return bytes;
}

/** The xpub or tpub text. Throws RangeError on a field of the wrong length or range. */
export function serializeXpub(key: ExtendedPublicKey): string {
  return encodeBase58Check(extendedKeyBytes(key));
}

/**
 * The account key of a signer as an extended key. The key above it is not part of a wallet, so the parent's
 * fingerprint is written as zeros; nobody derives anything from it.
 */
export function extendAccountKey(key: AccountKey, network: Network): ExtendedPublicKey {
  return {
    network: network === 'mainnet' ? 'main' : 'test',
    depth: key.path.length,
    parentFingerprint: new Uint8Array(4),
    childNumber: key.path.at(-1) ?? 0,
    chainCode: key.chainCode,
    publicKey: key.publicKey,
  };
}

/** Reads an xpub or tpub. Faults: MALFORMED. Whether the key is on the curve is the caller's to check. */
export function parseXpub(text: string): Result<ExtendedPublicKey> {
  const bad = (detail: string) => reject(makeFault('MALFORMED', `extended public key: ${detail}`));
  const bytes = decodeBase58Check(text);
  if (bytes === undefined) return bad('not base58 with a matching checksum');
  if (bytes.length !== LENGTH) return bad(`${bytes.length} bytes instead of ${LENGTH}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(0);
  if (version !== VERSION.main && version !== VERSION.test) {
    return bad(`version ${version.toString(16).padStart(8, '0')} is neither xpub nor tpub`);
  }
  const key: ExtendedPublicKey = {
    network: version === VERSION.main ? 'main' : 'test',
    depth: view.getUint8(4),
    parentFingerprint: bytes.slice(5, 9),
    childNumber: view.getUint32(9),
    chainCode: bytes.slice(13, 45),
    publicKey: bytes.slice(45),
  };
  if (key.publicKey[0] !== 0x02 && key.publicKey[0] !== 0x03)
    return bad('its key is not a compressed public key');
  if (key.depth === 0 && (key.childNumber !== 0 || key.parentFingerprint.some((byte) => byte !== 0))) {
    return bad('depth zero, but a parent or a child number');
  }
  return accept(key);
}
