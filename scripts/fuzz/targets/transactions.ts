/**
 * The decoder of Bitcoin transactions. What it takes is serialized back to the same bytes, and two other decoders, of the
 * embedded chain and of @scure/btc-signer, take it too and find the same transaction id.
 */

import { readTransaction, serialize } from '@coldwire/devchain/primitives/transaction.ts';
import { Reader } from '@coldwire/devchain/primitives/wire.ts';
import { equalBytes } from '@coldwire/protocol';
import { BLOCK_LIMITS, bodyOf, decodeTransaction, displayTxid, txidOf } from '@coldwire/wallet';
import { RawOldTx, RawTx } from '@scure/btc-signer/script.js';
import { seedsOf } from '../corpus.ts';
import { assertHolds, type Target } from '../target.ts';

const LIMITS = { ...BLOCK_LIMITS, inputs: 300, outputs: 300, witnessItems: 1000 };

export const target: Target = {
  seeds: seedsOf('wallet'),
  maxLength: 4096,
  run(input) {
    const decoded = decodeTransaction(input, LIMITS);
    if (!decoded.ok) return;
    const tx = decoded.value;
    const witness = tx.form === 'witness';
    const reader = new Reader(input);
    const other = readTransaction(reader);
    assertHolds(reader.left === 0, 'the chain’s decoder ends at the same byte');
    assertHolds(equalBytes(serialize(other, witness), input), 'what is read is written as the same bytes');
    const third = witness ? RawTx.decode(input) : RawOldTx.decode(input);
    assertHolds(third.inputs.length === tx.inputs.length, 'another decoder finds as many inputs');
    assertHolds(third.lockTime === tx.locktime, 'another decoder finds the same locktime');
    assertHolds(tx.weight === tx.strippedLength * 3 + input.length, 'the weight is that of BIP-141');
    const body = bodyOf(tx);
    if (body !== undefined)
      assertHolds(displayTxid(txidOf(body)) === displayTxid(tx.txid), 'one id either way');
  },
};
