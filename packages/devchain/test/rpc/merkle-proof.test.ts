import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, transactionRoot } from '../../src/primitives/block.ts';
import { hash256 } from '../../src/primitives/hash.ts';
import { describeTransaction } from '../../src/primitives/transaction.ts';
import { concat, displayHash, Reader } from '../../src/primitives/wire.ts';
import { merkleProof } from '../../src/rpc/merkle-proof.ts';

/** A block with so many different transactions. */
function blockOf(count: number): Block {
  const transactions = Array.from({ length: count }, (_, i) => {
    const input = {
      txid: new Uint8Array(32).fill(1),
      vout: i,
      script: new Uint8Array(),
      sequence: 0,
      witness: [],
    };
    const output = { amount: BigInt(i), script: Uint8Array.of(0x51) };
    return describeTransaction({ version: 2, inputs: [input], outputs: [output], locktime: 0 });
  });
  const header = {
    version: 4,
    previous: new Uint8Array(32),
    merkleRoot: transactionRoot(transactions).root,
    time: 0,
    bits: 0,
    nonce: 0,
  };
  return { header, transactions };
}

/** Reads a proof as BIP-37 says; the root it leads to and the ids that it proves. */
function read(proof: Uint8Array): { root: string; matched: string[] } {
  const reader = new Reader(proof);
  reader.bytes(80);
  const count = reader.u32();
  const hashes = Array.from({ length: reader.size() }, () => reader.bytes(32));
  const flags = reader.sized();
  reader.end();
  const matched: string[] = [];
  let [bit, next] = [0, 0];
  const widthAt = (depth: number): number => Math.ceil(count / 2 ** depth);
  const walk = (depth: number, at: number): Uint8Array => {
    const flag = ((flags[bit >> 3] ?? 0) >> (bit & 7)) & 1;
    bit += 1;
    if (flag === 0 || depth === 0) {
      const hash = hashes[next] ?? new Uint8Array();
      next += 1;
      if (flag === 1) matched.push(displayHash(hash));
      return hash;
    }
    const left = walk(depth - 1, 2 * at);
    const right = 2 * at + 1 < widthAt(depth - 1) ? walk(depth - 1, 2 * at + 1) : left;
    return hash256(concat([left, right]));
  };
  let depth = 0;
  while (widthAt(depth) > 1) depth += 1;
  const root = displayHash(walk(depth, 0));
  expect([next, Math.ceil(bit / 8)]).toEqual([hashes.length, flags.length]);
  return { root, matched };
}

describe('gettxoutproof', () => {
  it('proves any choice of transactions of a block of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (count, bits) => {
        const block = blockOf(count);
        const chosen = block.transactions
          .map(({ txid }) => txid)
          .filter((_, i) => i === bits % count || (bits >> i) & 1);
        const { root, matched } = read(merkleProof(block, new Set(chosen)));
        expect(root).toBe(displayHash(block.header.merkleRoot));
        expect(matched).toEqual(chosen);
      }),
    );
  });
});
