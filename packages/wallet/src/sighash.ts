/**
 * What a signature of ours signs: BIP-143 with SIGHASH_ALL, the only sighash type that exists in Coldwire.
 * The three inner hashes are computed once per transaction, so one input costs the same at 1 and at 1,000 inputs.
 * Spec: protocol-spec/3-wallet.md, "Signature hash". Source: BIP-143.
 */
import { MAX_MONEY } from '@coldwire/protocol/amount.ts';
import { hash256 } from './hash.ts';
import { outputsLength, type TransactionBody, writeOutpoint, writeOutput } from './transaction.ts';
import { prefixedLength, Writer } from './wire-writer.ts';

/** The byte appended to each signature, and the last field of the hashed message. */
export const SIGHASH_ALL = 1;

export type Sighash = {
  /**
   * The 32-byte message that signs input `inputIndex`, which spends `amount` sat under `witnessScript`.
   * Throws when the input does not exist or the amount is outside 0 to 21 million BTC.
   */
  sighashAll(inputIndex: number, witnessScript: Uint8Array, amount: bigint): Uint8Array;
};

function hashPrevouts(tx: TransactionBody): Uint8Array {
  const writer = new Writer(tx.inputs.length * 36);
  for (const input of tx.inputs) writeOutpoint(writer, input.outpoint);
  return hash256(writer.finish());
}

function hashSequences(tx: TransactionBody): Uint8Array {
  const writer = new Writer(tx.inputs.length * 4);
  for (const input of tx.inputs) writer.u32(input.sequence);
  return hash256(writer.finish());
}

function hashOutputs(tx: TransactionBody): Uint8Array {
  const writer = new Writer(outputsLength(tx.outputs));
  for (const output of tx.outputs) writeOutput(writer, output);
  return hash256(writer.finish());
}

/** Prepares the signature hashes of a transaction; the transaction must not change afterwards. */
export function createSighash(tx: TransactionBody): Sighash {
  const prevouts = hashPrevouts(tx);
  const sequences = hashSequences(tx);
  const outputs = hashOutputs(tx);
  return {
    sighashAll(inputIndex, witnessScript, amount) {
      const input = tx.inputs[inputIndex];
      if (input === undefined)
        throw new RangeError(`input ${inputIndex} of ${tx.inputs.length} does not exist`);
      if (amount < 0n || amount > MAX_MONEY)
        throw new RangeError(`an input of ${amount} sat is out of range`);
      const writer = new Writer(4 + 32 + 32 + 36 + prefixedLength(witnessScript.length) + 8 + 4 + 32 + 4 + 4);
      writer.u32(tx.version);
      writer.raw(prevouts);
      writer.raw(sequences);
      writeOutpoint(writer, input.outpoint);
      writer.prefixed(witnessScript);
      writer.u64(amount);
      writer.u32(input.sequence);
      writer.raw(outputs);
      writer.u32(tx.locktime);
      writer.u32(SIGHASH_ALL);
      return hash256(writer.finish());
    },
  };
}
