/** What libsecp256k1 itself takes on this machine: below it no signer of this make can get. */
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { median } from './measure.ts';
import { digest } from './site.ts';

const CALLS = 200;
const RUNS = 15;

export interface Floor {
  /** µs per call. */
  readonly sign: number;
  readonly verify: number;
  /** One public derivation step without its HMAC. */
  readonly tweak: number;
}

export function measureFloor(): Floor {
  const { secp256k1 } = loadNatives();
  const hash = digest('floor hash');
  const key = digest('floor key');
  const publicKey = new Uint8Array(33);
  const sum = new Uint8Array(33);
  const out = { signature: new Uint8Array(64), recid: 0 };
  const time = (call: () => number): number => {
    const runs = Array.from({ length: RUNS }, () => {
      const start = performance.now();
      for (let i = 0; i < CALLS; i++) if (call() !== 0) throw new Error('libsecp256k1 refused');
      return ((performance.now() - start) * 1000) / CALLS;
    });
    return median(runs);
  };
  secp256k1.publicKeyCreate(publicKey, key);
  return {
    sign: time(() => secp256k1.ecdsaSign(out, hash, key, undefined, undefined)),
    verify: time(() => secp256k1.ecdsaVerify(out.signature, hash, publicKey)),
    tweak: time(() => secp256k1.publicKeyTweakAdd(sum, publicKey, hash)),
  };
}
