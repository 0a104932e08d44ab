/** Block rules: proof of work, time, Merkle root, coinbase, height in the coinbase (BIP-34), witness (BIP-141). */
import {
  type Block,
  blockWeight,
  findCommitment,
  type Header,
  headerHash,
  meetsTarget,
  REGTEST_BITS,
  transactionRoot,
  witnessCommitment,
} from '../primitives/block.ts';
import { hasWitness, isCoinbase } from '../primitives/transaction.ts';
import { concat, equal } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';
import { encodeNumber } from '../script/number.ts';
import { OP, push } from '../script/parse.ts';
import { checkTransaction, isFinal, MAX_BLOCK_WEIGHT } from './check-transaction.ts';

const MAX_FUTURE = 2 * 60 * 60;

/** A header's own rules and those against its parent's median time and this machine's clock (Unix seconds). */
export function checkHeader(header: Header, medianTime: number, now: number): void {
  if (header.bits !== REGTEST_BITS) throw new Rejected('bad-diffbits');
  if (!meetsTarget(headerHash(header))) throw new Rejected('high-hash', 'proof of work failed');
  if (header.time <= medianTime) throw new Rejected('time-too-old');
  if (header.time > now + MAX_FUTURE) throw new Rejected('time-too-new');
  if (header.version < 4)
    throw new Rejected(`bad-version(0x${header.version.toString(16).padStart(8, '0')})`);
}

/** Everything about a block that needs no coins. `medianTime` is its parent's. */
export function checkBlock(block: Block, height: number, medianTime: number): void {
  const { header, transactions } = block;
  const root = transactionRoot(transactions);
  if (!equal(root.root, header.merkleRoot)) throw new Rejected('bad-txnmrklroot', 'hashMerkleRoot mismatch');
  if (root.mutated) throw new Rejected('bad-txns-duplicate');
  const [coinbase, ...rest] = transactions;
  if (coinbase === undefined || !isCoinbase(coinbase.tx)) throw new Rejected('bad-cb-missing');
  if (rest.some((known) => isCoinbase(known.tx))) throw new Rejected('bad-cb-multiple');
  for (const known of transactions) {
    checkTransaction(known);
    if (!isFinal(known.tx, height, medianTime)) throw new Rejected('bad-txns-nonfinal');
  }
  const script = coinbase.tx.inputs[0]?.script ?? new Uint8Array();
  const prefix = heightPrefix(height);
  if (!equal(script.subarray(0, prefix.length), prefix)) throw new Rejected('bad-cb-height');
  checkCommitment(block);
  if (blockWeight(block) > MAX_BLOCK_WEIGHT) throw new Rejected('bad-blk-weight');
}

/** How the coinbase script starts at a height: `CScript() << height`. */
export function heightPrefix(height: number): Uint8Array {
  return height >= 1 && height <= 16 ? Uint8Array.of(OP.N1 + height - 1) : push(encodeNumber(BigInt(height)));
}

function checkCommitment({ transactions }: Block): void {
  const [coinbase] = transactions;
  const found = coinbase === undefined ? null : findCommitment(coinbase);
  if (coinbase === undefined || found === null) {
    if (transactions.some((known) => hasWitness(known.tx))) throw new Rejected('unexpected-witness');
    return;
  }
  const [reserved, ...more] = coinbase.tx.inputs[0]?.witness ?? [];
  if (reserved?.length !== 32 || more.length > 0) throw new Rejected('bad-witness-nonce-size');
  if (!equal(witnessCommitment(transactions, reserved), found))
    throw new Rejected('bad-witness-merkle-match');
}

/** The coinbase script of a block that devchain mines: height and, for uniqueness, an extra nonce. */
export function coinbaseScript(height: number, extraNonce: Uint8Array): Uint8Array {
  return concat([heightPrefix(height), push(extraNonce)]);
}
