/** Transaction rules that every block keeps: form, amounts, lock times (BIP-65/68/113), signature operations. */
import {
  isCoinbase,
  isNullOutpoint,
  type KnownTransaction,
  outpointOf,
  SEQUENCE_FINAL,
  type Transaction,
} from '../primitives/transaction.ts';
import { Rejected } from '../rejected.ts';
import { OP, splitScript, templateOf } from '../script/parse.ts';
import { isMoney } from './amounts.ts';
import type { Coin } from './coins.ts';

export const MAX_BLOCK_WEIGHT = 4_000_000;
const LOCKTIME_THRESHOLD = 500_000_000;
const SEQUENCE_DISABLE = 0x80000000;
const SEQUENCE_SECONDS = 0x00400000;
const SECONDS_SHIFT = 9;

/** Rules that need nothing but the transaction. */
export function checkTransaction(known: KnownTransaction): void {
  const { inputs, outputs } = known.tx;
  if (inputs.length === 0) throw new Rejected('bad-txns-vin-empty');
  if (outputs.length === 0) throw new Rejected('bad-txns-vout-empty');
  if (known.strippedSize * 4 > MAX_BLOCK_WEIGHT) throw new Rejected('bad-txns-oversize');
  let sum = 0n;
  for (const { amount } of outputs) {
    if (amount < 0n) throw new Rejected('bad-txns-vout-negative');
    if (!isMoney(amount)) throw new Rejected('bad-txns-vout-toolarge');
    sum += amount;
    if (!isMoney(sum)) throw new Rejected('bad-txns-txouttotal-toolarge');
  }
  if (new Set(inputs.map(outpointOf)).size < inputs.length) throw new Rejected('bad-txns-inputs-duplicate');
  if (isCoinbase(known.tx)) {
    const length = inputs[0]?.script.length ?? 0;
    if (length < 2 || length > 100) throw new Rejected('bad-cb-length');
  } else if (inputs.some(isNullOutpoint)) {
    throw new Rejected('bad-txns-prevout-null');
  }
}

/** Whether a transaction may be in a block at `height` whose parent has that median time (BIP-113). */
export function isFinal(tx: Transaction, height: number, medianTime: number): boolean {
  if (tx.locktime === 0) return true;
  const limit = tx.locktime < LOCKTIME_THRESHOLD ? height : medianTime;
  return tx.locktime < limit || tx.inputs.every((input) => input.sequence === SEQUENCE_FINAL);
}

/**
 * BIP-68: whether every relative lock has run out for a block at `height` whose parent has that median time.
 * `medianTimeBefore(h)` is the median time of the block before height h.
 */
export function sequenceLocksMet(
  tx: Transaction,
  coins: readonly Coin[],
  height: number,
  medianTime: number,
  medianTimeBefore: (height: number) => number,
): boolean {
  if (tx.version < 2) return true;
  return tx.inputs.every(({ sequence }, i) => {
    const coin = coins[i];
    if (coin === undefined || (sequence & SEQUENCE_DISABLE) !== 0) return true;
    const value = sequence & 0xffff;
    if ((sequence & SEQUENCE_SECONDS) === 0) return coin.height + value <= height;
    return medianTimeBefore(coin.height) + value * 2 ** SECONDS_SHIFT <= medianTime;
  });
}

/**
 * An upper bound of the signature operations' cost (BIP-141): every multisig counts as twenty, so nothing that
 * stays under a limit here is over it for another node.
 */
export function boundSigopCost(known: KnownTransaction, coins: readonly Coin[]): number {
  const { inputs, outputs } = known.tx;
  const base = [...inputs, ...outputs].reduce((sum, { script }) => sum + countSigops(script), 0);
  const spent = inputs.reduce((sum, { script, witness }, i) => {
    const coin = coins[i];
    const kind = coin === undefined ? 'unknown' : templateOf(coin.script).kind;
    const redeem = kind === 'p2sh' ? lastPush(script) : new Uint8Array();
    return sum + countSigops(redeem) * 4 + countSigops(witness.at(-1) ?? new Uint8Array()) + 1;
  }, 0);
  return base * 4 + spent;
}

function lastPush(script: Uint8Array): Uint8Array {
  return splitScript(script).operations.at(-1)?.data ?? new Uint8Array();
}

/** Counts CHECKSIG as one and CHECKMULTISIG as twenty, up to where the script can be read. */
export function countSigops(script: Uint8Array): number {
  return splitScript(script).operations.reduce((sum, { opcode }) => {
    if (opcode === OP.CHECKSIG || opcode === OP.CHECKSIGVERIFY) return sum + 1;
    return opcode === OP.CHECKMULTISIG || opcode === OP.CHECKMULTISIGVERIFY ? sum + 20 : sum;
  }, 0);
}
