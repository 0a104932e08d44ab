/**
 * Account keys and the two unhardened steps below them, public side only.
 * The account key is the BIP-48 one, `m/48h/coinh/0h/2h`; below it come chain (0 receive, 1 change) and index.
 * Both steps' tweaks are HMACs over public data, so they are public too: a signer adds the same tweaks to its private key.
 * Spec: protocol-spec/3-wallet.md, "Derivation". Sources: BIP-32, BIP-48.
 */
import { MAX_INDEX } from '@coldwire/protocol/charter/account-path.ts';
import { hash160, startHmacSha512 } from './hash.ts';

/** Adds `tweak`·G to a public key. The core takes it as an argument, so that a signer loads one curve implementation only. */
export interface PointMath {
  /** 33-byte key plus 32-byte tweak to 33-byte key; throws when the key is invalid, the tweak ≥ n or the sum infinite. */
  addTweak(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array;
}

/** One signer's account-level public key. */
export type AccountKey = {
  /** 4 bytes: HASH160 of the master public key, first four. */
  readonly fingerprint: Uint8Array;
  /** `48h/coinh/0h/2h` as u32 with HARDENED set. */
  readonly path: readonly number[];
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
};

/** A public key with its chain code: what one BIP-32 step starts from and ends at. */
export type PublicNode = { readonly publicKey: Uint8Array; readonly chainCode: Uint8Array };

/** A node and the 32-byte tweak that led to it from its parent. */
export type DerivedNode = PublicNode & { readonly tweak: Uint8Array };

/**
 * The unhardened public BIP-32 steps from one node: a function of the child's index. What does not depend on the index is
 * computed once. It throws on a hardened index, and on an invalid child (probability 2⁻¹²⁷: that index is never used).
 */
export function derivePublicSteps(parent: PublicNode, math: PointMath): (index: number) => DerivedNode {
  const keyed = startHmacSha512(parent.chainCode).update(parent.publicKey);
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX) {
      throw new RangeError(`${index} is not an unhardened child index (0 to ${MAX_INDEX})`);
    }
    const step = Uint8Array.of(index >>> 24, (index >>> 16) & 0xff, (index >>> 8) & 0xff, index & 0xff);
    const left = keyed.clone().update(step).digest();
    const tweak = left.slice(0, 32);
    return { publicKey: math.addTweak(parent.publicKey, tweak), chainCode: left.slice(32), tweak };
  };
}

/** One such step. */
export function derivePublicStep(parent: PublicNode, index: number, math: PointMath): DerivedNode {
  return derivePublicSteps(parent, math)(index);
}

/** BIP-32 fingerprint of a public key: 4 bytes. */
export function fingerprintOf(publicKey: Uint8Array): Uint8Array {
  return hash160(publicKey).slice(0, 4);
}
