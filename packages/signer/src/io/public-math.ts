/**
 * What the native files do for the rest of the signer with public data only: BIP-32 public derivation for the wallet
 * core, and Ed25519 verification. No secret comes here.
 */
import type { Natives } from './native.ts';

export interface NativePointMath {
  /**
   * publicKey33 + tweak32·G (BIP-32, public parent to public child).
   * @throws Error if the key is not a point, or the tweak or the sum is out of range
   */
  addTweak(publicKey33: Uint8Array, tweak32: Uint8Array): Uint8Array;
}

export function nativePointMath(natives: Natives): NativePointMath {
  return {
    addTweak(publicKey33, tweak32) {
      if (publicKey33.length !== 33 || tweak32.length !== 32)
        throw new Error('a point has 33 bytes and a tweak 32');
      const sum = new Uint8Array(33);
      if (natives.secp256k1.publicKeyTweakAdd(sum, publicKey33, tweak32) !== 0) {
        throw new Error('the point is invalid, or the tweak or the sum is out of range');
      }
      return sum;
    },
  };
}

/** Ed25519 by libsodium: refuses keys of small order and unreduced S. Never throws on bad keys or signatures. */
export function verifyIdentity(
  natives: Natives,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || message.length === 0) return false;
  return natives.sodium.crypto_sign_verify_detached(
    signature.buffer,
    signature.byteOffset,
    signature.length,
    message.buffer,
    message.byteOffset,
    message.length,
    publicKey.buffer,
    publicKey.byteOffset,
    publicKey.length,
  );
}
