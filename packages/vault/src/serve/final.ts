/**
 * The vault's own look at what a gate cleared, before anybody broadcasts it: it is the draft's transaction and nothing else,
 * and every input has two valid signatures of two signers, by code that shares nothing with signers (@noble/curves).
 */
import { type Draft, equalBytes } from '@coldwire/protocol';
import {
  type Chain,
  createSighash,
  decodeTransaction,
  derDecode,
  SIGHASH_ALL,
  serializeWithWitness,
  type UnsignedTransaction,
  type WalletScripts,
  type Witness,
} from '@coldwire/wallet';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { draftTransaction } from '../draft/index.ts';

const LIMITS = { bytes: 400_000, inputs: 1024, outputs: 1032, witnessItems: 4096 };
const WITNESS_ITEMS = 4;

/** What is wrong with a cleared transaction, or `undefined`. */
export function findFlaw(
  raw: Uint8Array,
  draft: Draft,
  scripts: readonly WalletScripts[],
): string | undefined {
  const decoded = decodeTransaction(raw, LIMITS);
  if (!decoded.ok) return `it cannot be read: ${decoded.fault.detail}`;
  const wanted = draftTransaction(draft, scripts);
  const witnesses = decoded.value.inputs.map(({ witness }) => witness);
  // Serialized anew with its witnesses it must be the same bytes: that compares every field at once.
  const same =
    witnesses.length === wanted.inputs.length &&
    witnesses.every((witness) => witness.length === WITNESS_ITEMS) &&
    equalBytes(serializeWithWitness(wanted, witnesses), raw);
  if (!same) return 'it is not the transaction of the draft';
  return findBadWitness(wanted, draft, witnesses, scripts);
}

function findBadWitness(
  transaction: UnsignedTransaction,
  draft: Draft,
  witnesses: readonly Witness[],
  scripts: readonly WalletScripts[],
): string | undefined {
  const sighash = createSighash(transaction);
  for (const [i, [, , amount, wallet, chain, index]] of draft.inputs.entries()) {
    const script = scripts[wallet]?.at(chainOf(chain), index);
    const [empty, first, second, witnessScript] = witnesses[i] ?? [];
    if (script === undefined || empty?.length !== 0 || witnessScript === undefined)
      return `the witness of input ${i} has another form`;
    if (!equalBytes(witnessScript, script.witnessScript)) return `input ${i} has a foreign script`;
    const hash = sighash.sighashAll(i, witnessScript, amount);
    const keys = [...script.publicKeys].sort((a, b) => Buffer.compare(a, b));
    const one = keys.findIndex((key) => verifies(first, hash, key));
    const two = keys.findIndex((key, place) => place > one && verifies(second, hash, key));
    if (one < 0 || two < 0) return `input ${i} has not two valid signatures`;
  }
  return undefined;
}

function chainOf(chain: number): Chain {
  if (chain !== 0 && chain !== 1) throw new Error(`a draft with an input on chain ${chain}`);
  return chain;
}

function verifies(item: Uint8Array | undefined, hash: Uint8Array, key: Uint8Array): boolean {
  if (item === undefined || item.at(-1) !== SIGHASH_ALL) return false;
  const signature = derDecode(item.subarray(0, -1));
  return signature.ok && secp256k1.verify(signature.value, hash, key, { prehash: false, lowS: true });
}
