import { concatBytes, toHex } from '@coldwire/protocol/bytes.ts';
import { merkleRootFromPath, reverseBytes } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeBlock } from '../../../devchain/src/primitives/block.ts';
import { fundAll, makeNode, scriptOf } from '../../../devchain/test/harness.ts';
import { readBlock } from '../../src/chain/block.ts';
import { ChainError } from '../../src/chain/error.ts';
import { buildLevels, proveAt } from '../../src/chain/merkle.ts';

const { node } = makeNode();
fundAll(node, 1);
const tip = node.chain.tip;
const raw = serializeBlock(tip.block);

describe('readBlock', () => {
  it('reads ids, outputs and spends of every transaction, with and without witness', () => {
    const block = readBlock(raw);
    expect(toHex(reverseBytes(block.hash))).toBe(tip.hash);
    expect(block.time).toBe(tip.block.header.time);
    expect(block.transactions.map(({ txid, coinbase }) => [toHex(reverseBytes(txid)), coinbase])).toEqual(
      tip.block.transactions.map(({ txid }, i) => [txid, i === 0]),
    );
    const funding = block.transactions[1];
    expect(funding?.outputs.map(({ amount }) => amount)).toEqual(
      tip.block.transactions[1]?.tx.outputs.map(({ amount }) => amount),
    );
    expect(funding?.outputs.at(-1)?.script).toEqual(scriptOf('p2wpkh'));
    expect(funding?.spends).toEqual(
      tip.block.transactions[1]?.tx.inputs.map(({ txid, vout }) => ({ txid, vout })),
    );
  });

  it('refuses a block that lost a byte, gained one, or lists a transaction twice', () => {
    expect(() => readBlock(raw.subarray(0, -1))).toThrow(ChainError);
    expect(() => readBlock(concatBytes(raw, Uint8Array.of(0)))).toThrow(ChainError);
    const last = tip.block.transactions.at(-1);
    if (last === undefined) throw new Error('no transaction');
    const three = serializeBlock({ ...tip.block, transactions: [...tip.block.transactions, last, last] });
    expect(() => readBlock(three)).toThrow('not those of its header');
  });

  it('refuses every change of a transaction that its id covers, and never hangs or throws anything else', () => {
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(raw);
        changed[at] = (changed[at] ?? 0) ^ change;
        let block: ReturnType<typeof readBlock> | undefined;
        try {
          block = readBlock(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ChainError);
        }
        // What is still read differs in the header or in a witness only.
        if (block !== undefined) {
          expect(block.transactions.map(({ stripped }) => toHex(stripped))).toEqual(
            readBlock(raw).transactions.map(({ stripped }) => toHex(stripped)),
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes any bytes without throwing anything but its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => readBlock(bytes)).toThrow(ChainError);
      }),
    );
  });
});

describe('a Merkle proof', () => {
  it('leads from every transaction of a block of any size to its root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        // First bytes that no transaction version has, so that no inner node reads as a transaction.
        const txids = Array.from({ length: count }, (_, i) => new Uint8Array(32).fill(i + 1));
        const levels = buildLevels(txids);
        const root = levels.at(-1)?.[0];
        txids.forEach((txid, position) => {
          const { path } = proveAt(levels, new Uint8Array(32), position);
          const steps = Array.from({ length: path.length / 32 }, (_, i) => path.slice(32 * i, 32 * (i + 1)));
          expect(merkleRootFromPath(txid, 100, position, steps)).toEqual({ ok: true, value: root });
        });
      }),
    );
  });
});
