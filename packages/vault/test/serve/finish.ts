/** Final transactions of drafts over the fixture's wallet, signed as two of its signers would. */
import type { Draft } from '@coldwire/protocol';
import { createSighash, serializeWithWitness, type Witness, witnessFor } from '@coldwire/wallet';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { draftTransaction } from '../../src/draft/index.ts';
import { scripts } from '../parts.ts';

/** Private keys 1, 2 and 3 of the fixture's accounts, moved by the public tweaks of a place. */
function childKey(signer: number, chain: 0 | 1, index: number): Uint8Array {
  const tweaks = scripts[0]?.at(chain, index).tweaks[signer];
  if (tweaks === undefined) throw new Error('no such signer');
  const n = secp256k1.Point.Fn.ORDER;
  const scalar = (BigInt(signer + 1) + number(tweaks.chain) + number(tweaks.index)) % n;
  return Uint8Array.from(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));
}
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** @param amountLie sat added to every amount that is signed */
export function witnessesBy(draft: Draft, pair: readonly [number, number], amountLie = 0n): Witness[] {
  const sighash = createSighash(draftTransaction(draft, scripts));
  return draft.inputs.map(([, , amount, , chain, index], i) => {
    const place = chain === 0 ? 0 : 1;
    const script = scripts[0]?.at(place, index);
    if (script === undefined) throw new Error('no script');
    const hash = sighash.sighashAll(i, script.witnessScript, amount + amountLie);
    const sign = (signer: number) => ({
      signer,
      signature: secp256k1.sign(hash, childKey(signer, place, index), { prehash: false, lowS: true }),
    });
    return witnessFor(script, pair.map(sign));
  });
}

export function finish(draft: Draft): Uint8Array {
  return serializeWithWitness(draftTransaction(draft, scripts), witnessesBy(draft, [0, 1]));
}
