// Signers, gates and auditors verify Ed25519 on different libraries. A key holder can make signatures on which libraries part
// (4-messages.md, "Hashes"): on all of them the three must give one answer, or an auditor finds another verdict.
import { verifyStrictly } from '@coldwire/audit/ed25519.ts';
import { verifySignature } from '@coldwire/gate/core/signature.ts';
import { concatBytes, verifyEd25519 } from '@coldwire/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inForm } from '../world/form.ts';

const { Point } = ed25519;
const { Fn } = Point;

const littleEndian = (value: bigint) =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
const readLittleEndian = (bytes: Uint8Array) =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

const T8 = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const move = (n: number) => (n === 0 ? Point.ZERO : T8.multiplyUnsafe(BigInt(n)));

it('one answer of signer, gate and auditor to every signature, also to those made to divide them', () => {
  const scalar = fc.bigInt({ min: 1n, max: Fn.ORDER - 1n });
  const shift = fc.constantFrom(0, 0, 0, 1, 2, 4, 7);
  const message = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const over = fc.constantFrom(0n, 0n, 0n, 1n);
  let accepted = 0;
  fc.assert(
    fc.property(scalar, scalar, shift, shift, over, message, (a, r, keyShift, nonceShift, extra, hash) => {
      const key = Point.BASE.multiplyUnsafe(a).add(move(keyShift)).toBytes();
      const nonce = Point.BASE.multiplyUnsafe(r).add(move(nonceShift)).toBytes();
      const k = Fn.create(readLittleEndian(sha512(concatBytes(nonce, key, hash))));
      const signature = concatBytes(nonce, littleEndian(Fn.create(r + k * a) + extra * Fn.ORDER));
      const signer = verifyEd25519(key, hash, signature);
      accepted += signer ? 1 : 0;
      expect({
        gate: verifySignature(key, hash, signature),
        auditor: verifyStrictly(key, hash, signature),
      }).toEqual({
        gate: signer,
        auditor: signer,
      });
    }),
    { numRuns: inForm(50, 1_500) },
  );
  expect(accepted).toBeGreaterThan(0);
});
