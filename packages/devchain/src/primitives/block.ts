/** Blocks: byte form, Merkle root, witness commitment (BIP-141), proof of work. */
import { Rejected } from '../rejected.ts';
import { hash256 } from './hash.ts';
import { describeTransaction, type KnownTransaction, readTransaction } from './transaction.ts';
import { concat, displayHash, equal, hashBytes, i32, Reader, size, toHex, u32 } from './wire.ts';

export interface Header {
  readonly version: number;
  /** Internal order. */
  readonly previous: Uint8Array;
  readonly merkleRoot: Uint8Array;
  /** Unix seconds. */
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
}

export interface Block {
  readonly header: Header;
  readonly transactions: readonly KnownTransaction[];
}

/** Regtest's compact target, and the only one: regtest never retargets. */
export const REGTEST_BITS = 0x207fffff;
const REGTEST_TARGET = 0x7fffffn << 232n;
const COMMITMENT_PREFIX = '6a24aa21a9ed';

export function serializeHeader(header: Header): Uint8Array {
  const { version, previous, merkleRoot, time, bits, nonce } = header;
  return concat([i32(version), previous, merkleRoot, u32(time), u32(bits), u32(nonce)]);
}

export function headerHash(header: Header): string {
  return displayHash(hash256(serializeHeader(header)));
}

/** Whether a block hash (display form) meets regtest's target. */
export function meetsTarget(hash: string): boolean {
  return BigInt(`0x${hash}`) <= REGTEST_TARGET;
}

export function serializeBlock(block: Block): Uint8Array {
  const { header, transactions } = block;
  return concat([
    serializeHeader(header),
    size(transactions.length),
    ...transactions.map((known) => known.raw),
  ]);
}

export function parseBlock(bytes: Uint8Array): Block {
  const reader = new Reader(bytes);
  const header = {
    version: reader.i32(),
    previous: reader.bytes(32),
    merkleRoot: reader.bytes(32),
    time: reader.u32(),
    bits: reader.u32(),
    nonce: reader.u32(),
  };
  const count = reader.size();
  if (count > reader.left) throw new Rejected('decode-failed', 'more transactions than bytes');
  const transactions = Array.from({ length: count }, () => describeTransaction(readTransaction(reader)));
  reader.end();
  return { header, transactions };
}

export interface MerkleResult {
  readonly root: Uint8Array;
  /** Two equal neighbours: the same root would come of a shorter list (CVE-2012-2459). */
  readonly mutated: boolean;
}

export function merkleRoot(leaves: readonly Uint8Array[]): MerkleResult {
  let level = [...leaves];
  let mutated = false;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] ?? new Uint8Array(), level[i + 1]];
      if (right !== undefined && equal(left, right)) mutated = true;
      next.push(hash256(concat([left, right ?? left])));
    }
    level = next;
  }
  return { root: level[0] ?? new Uint8Array(32), mutated };
}

export function transactionRoot(transactions: readonly KnownTransaction[]): MerkleResult {
  return merkleRoot(transactions.map((known) => hashBytes(known.txid)));
}

/** The commitment over all wtxids; the coinbase counts as 32 zero bytes. */
export function witnessCommitment(
  transactions: readonly KnownTransaction[],
  reserved: Uint8Array,
): Uint8Array {
  const leaves = transactions.map((known, i) => (i === 0 ? new Uint8Array(32) : hashBytes(known.wtxid)));
  return hash256(concat([merkleRoot(leaves).root, reserved]));
}

export function commitmentScript(commitment: Uint8Array): Uint8Array {
  return concat([Uint8Array.from(Buffer.from(COMMITMENT_PREFIX, 'hex')), commitment]);
}

/** The commitment that a coinbase carries in its last output of that form, or null. */
export function findCommitment(coinbase: KnownTransaction): Uint8Array | null {
  const found = coinbase.tx.outputs.findLast(
    ({ script }) => script.length >= 38 && toHex(script.subarray(0, 6)) === COMMITMENT_PREFIX,
  );
  return found === undefined ? null : found.script.slice(6, 38);
}

export function blockWeight(block: Block): number {
  const overhead = (80 + size(block.transactions.length).length) * 4;
  return block.transactions.reduce((sum, known) => sum + known.weight, overhead);
}
