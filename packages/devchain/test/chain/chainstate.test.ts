import { beforeEach, describe, expect, it } from 'vitest';
import { subsidyAt } from '../../src/chain/amounts.ts';
import type { BlockNode } from '../../src/chain/chainstate.ts';
import { countSigops } from '../../src/chain/check-transaction.ts';
import { GENESIS_HASH } from '../../src/chain/genesis.ts';
import { mineBlock, planBlock } from '../../src/chain/miner.ts';
import type { Node } from '../../src/node.ts';
import {
  type Block,
  headerHash,
  meetsTarget,
  parseBlock,
  serializeBlock,
  transactionRoot,
} from '../../src/primitives/block.ts';
import { describeTransaction, parseTransaction, type Transaction } from '../../src/primitives/transaction.ts';
import { judge } from '../../src/rejected.ts';
import { type Clock, coinOf, fundAll, type KindCoin, makeNode, scriptOf, submit } from '../harness.ts';
import { rawOf, spend } from '../signing.ts';

const SCRIPT = scriptOf('p2wpkh');
let node: Node;
let clock: Clock;
beforeEach(() => {
  ({ node, clock } = makeNode());
});

/** Mines a header again after the block was changed. */
function remine(block: Block, change: Partial<Block['header']> = {}): Block {
  let header = { ...block.header, merkleRoot: transactionRoot(block.transactions).root, ...change, nonce: 0 };
  while (!meetsTarget(headerHash(header))) header = { ...header, nonce: header.nonce + 1 };
  return { ...block, header };
}

/** A block whose coinbase was changed. */
function withCoinbase(block: Block, change: (tx: Transaction) => Transaction): Block {
  const [coinbase, ...rest] = block.transactions;
  if (coinbase === undefined) throw new Error('no coinbase');
  return remine({ ...block, transactions: [describeTransaction(change(coinbase.tx)), ...rest] });
}

const next = (): Block => node.buildBlock(SCRIPT, []);
const reasonOf = (block: Block): string | null => judge(() => node.submitBlock(block))?.reason ?? null;

/** Extends any block by one, like another miner. */
function extend(parent: BlockNode): Block {
  const plan = planBlock(node.chain, [], SCRIPT, clock.time + parent.height + 1);
  return mineBlock({
    ...plan,
    height: parent.height + 1,
    previous: parent.hash,
    time: parent.block.header.time + 1,
  });
}

describe('the chain', () => {
  it('starts with the first block of every regtest', () => {
    const genesis = node.chain.tip;
    expect(headerHash(genesis.block.header)).toBe(GENESIS_HASH);
    expect(genesis.block.transactions[0]?.txid).toBe(
      '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
    );
  });

  it('takes a block that came as bytes, once', () => {
    const block = parseBlock(serializeBlock(next()));
    expect(reasonOf(block)).toBeNull();
    expect(node.chain.tip.height).toBe(1);
    expect(reasonOf(block)).toBe('duplicate');
  });

  it('halves the subsidy every 150 blocks', () => {
    expect([149, 150, 299, 300, 150 * 64].map(subsidyAt)).toEqual([
      5_000_000_000n,
      2_500_000_000n,
      2_500_000_000n,
      1_250_000_000n,
      0n,
    ]);
    for (let i = 0; i < 151; i += 1) node.mineNext(SCRIPT);
    const amount = (height: number) => node.chain.at(height)?.block.transactions[0]?.tx.outputs[0]?.amount;
    expect([amount(149), amount(150)]).toEqual([5_000_000_000n, 2_500_000_000n]);
  });

  it('gives every block a time after the median of the eleven before', () => {
    for (let i = 0; i < 30; i += 1) node.mineNext(SCRIPT);
    clock.time -= 3_600;
    const { time } = node.mineNext(SCRIPT).block.header;
    expect(time).toBeGreaterThan(node.chain.medianTime(node.chain.at(30) ?? node.chain.tip));
  });
});

describe('a block is refused', () => {
  it('without proof of work', () => {
    const block = next();
    let { header } = block;
    while (meetsTarget(headerHash(header))) header = { ...header, nonce: header.nonce + 1 };
    expect(reasonOf({ ...block, header })).toBe('high-hash');
  });

  it('with an easier target', () => {
    expect(reasonOf(remine(next(), { bits: 0x217fffff }))).toBe('bad-diffbits');
  });

  it('with a time at or before the median, or more than two hours ahead', () => {
    expect(reasonOf(remine(next(), { time: node.chain.medianTime(node.chain.tip) }))).toBe('time-too-old');
    expect(reasonOf(remine(next(), { time: clock.time + 7201 }))).toBe('time-too-new');
    expect(reasonOf(remine(next(), { time: clock.time + 7200 }))).toBeNull();
  });

  it('with an old version', () => {
    expect(reasonOf(remine(next(), { version: 3 }))).toBe('bad-version(0x00000003)');
  });

  it('on an unknown block', () => {
    expect(reasonOf(remine(next(), { previous: new Uint8Array(32) }))).toBe('prev-blk-not-found');
  });

  it('whose Merkle root is of other transactions', () => {
    expect(reasonOf(remine(next(), { merkleRoot: new Uint8Array(32).fill(1) }))).toBe('bad-txnmrklroot');
  });

  it('whose coinbase creates too much', () => {
    const greedy = withCoinbase(next(), (tx) => ({
      ...tx,
      outputs: tx.outputs.map((output, i) => (i === 0 ? { ...output, amount: output.amount + 1n } : output)),
    }));
    expect(reasonOf(greedy)).toBe('bad-cb-amount');
    expect(node.chain.tip.height).toBe(0);
    expect(reasonOf(greedy)).toBe('duplicate-invalid');
    expect(reasonOf(next())).toBeNull();
  });

  it('whose coinbase does not start with the height (BIP-34)', () => {
    const wrong = withCoinbase(next(), (tx) => ({
      ...tx,
      inputs: tx.inputs.map((input) => ({ ...input, script: Uint8Array.of(0x52, 1, 1) })),
    }));
    expect(reasonOf(wrong)).toBe('bad-cb-height');
  });

  it('with a second coinbase, or without any', () => {
    const block = next();
    const [coinbase] = block.transactions;
    if (coinbase === undefined) throw new Error('no coinbase');
    const other = describeTransaction({ ...coinbase.tx, locktime: 1 });
    expect(reasonOf(remine({ ...block, transactions: [coinbase, other] }))).toBe('bad-cb-multiple');
    expect(reasonOf(remine({ ...block, transactions: [] }))).toBe('bad-cb-missing');
  });
});

describe('with transactions, a block', () => {
  let coins: KindCoin[];
  beforeEach(() => {
    coins = fundAll(node);
  });
  const transaction = (fee: bigint, skip = 0) => {
    const outputs = [{ script: SCRIPT, amount: 1_000_000n - fee }];
    return parseTransaction(rawOf(spend({ coins: [coinOf(coins, 'p2wsh', skip)], outputs })));
  };

  it('pays their fees to its miner', () => {
    submit(node, spend({ coins: [coinOf(coins, 'p2wsh')], outputs: [{ script: SCRIPT, amount: 990_000n }] }));
    const mined = node.mineNext(SCRIPT);
    expect(mined.block.transactions[0]?.tx.outputs[0]?.amount).toBe(subsidyAt(mined.height) + 10_000n);
    expect(mined.fees).toEqual([10_000n]);
  });

  it('is refused when it spends a coin twice', () => {
    expect(reasonOf(node.buildBlock(SCRIPT, [transaction(1n), transaction(2n)]))).toBe(
      'bad-txns-inputs-missingorspent',
    );
  });

  it('is refused when a transaction stands before its parent', () => {
    const parent = spend({
      coins: [coinOf(coins, 'p2wpkh')],
      outputs: [{ script: SCRIPT, amount: 900_000n }],
    });
    const coin = {
      txid: parent.id,
      vout: 0,
      amount: 900_000n,
      script: SCRIPT,
      from: rawOf(parent),
      kind: 'p2wpkh',
    } as const;
    const child = parseTransaction(
      rawOf(spend({ coins: [coin], outputs: [{ script: SCRIPT, amount: 1n }] })),
    );
    expect(reasonOf(node.buildBlock(SCRIPT, [child, parseTransaction(rawOf(parent))]))).toBe(
      'bad-txns-inputs-missingorspent',
    );
    expect(reasonOf(node.buildBlock(SCRIPT, [parseTransaction(rawOf(parent)), child]))).toBeNull();
  });

  it('is refused when a witness is not the committed one', () => {
    const block = node.buildBlock(SCRIPT, [transaction(1n)]);
    const [coinbase, known] = block.transactions;
    if (coinbase === undefined || known === undefined) throw new Error('no transaction');
    const inputs = known.tx.inputs.map((input) => ({
      ...input,
      witness: [Uint8Array.of(1), ...input.witness],
    }));
    const changed = { ...block, transactions: [coinbase, describeTransaction({ ...known.tx, inputs })] };
    expect(reasonOf(changed)).toBe('bad-witness-merkle-match');
  });

  it('is refused when a signature is wrong', () => {
    const known = transaction(1n);
    const outputs = known.tx.outputs.map((output) => ({ ...output, amount: output.amount - 5n }));
    expect(reasonOf(node.buildBlock(SCRIPT, [describeTransaction({ ...known.tx, outputs })]))).toBe(
      'script-nullfail',
    );
  });

  it('is refused when the same transactions are listed twice (CVE-2012-2459)', () => {
    const block = node.buildBlock(SCRIPT, [transaction(1n), transaction(1n, 1)]);
    const last = block.transactions.at(-1);
    if (last === undefined) throw new Error('no transaction');
    expect(reasonOf({ ...block, transactions: [...block.transactions, last] })).toBe('bad-txns-duplicate');
  });

  it('leaves no trace when it fails half-way', () => {
    const before = node.chain.coins.size;
    expect(reasonOf(node.buildBlock(SCRIPT, [transaction(1n), transaction(2n)]))).not.toBeNull();
    expect(node.chain.coins.size).toBe(before);
    expect(reasonOf(node.buildBlock(SCRIPT, [transaction(2n)]))).toBeNull();
  });
});

describe('a reorganization', () => {
  it('follows the longer branch and stays with the first seen of equals', () => {
    const first = node.mineNext(SCRIPT);
    const genesis = first.parent;
    if (genesis === null) throw new Error('no parent');
    const rival = extend(genesis);
    expect(reasonOf(rival)).toBeNull();
    expect(node.chain.tip).toBe(first);
    const rivalNode = node.chain.node(headerHash(rival.header));
    if (rivalNode === undefined) throw new Error('the rival is lost');
    expect(reasonOf(extend(rivalNode))).toBeNull();
    expect(node.chain.tip.parent).toBe(rivalNode);
    expect(node.chain.isActive(first)).toBe(false);
  });

  it('restores every coin when it is taken back', () => {
    const coins = fundAll(node);
    const before = node.chain.coins.size;
    const known = spend({ coins: [coinOf(coins, 'p2tr')], outputs: [{ script: SCRIPT, amount: 990_000n }] });
    submit(node, known);
    const mined = node.mineNext(SCRIPT);
    expect(node.chain.blockOf(known.id)).toBe(mined);
    node.invalidate(mined);
    expect(node.chain.coins.size).toBe(before);
    expect(node.chain.blockOf(known.id)).toBeUndefined();
    expect(node.mempool.get(known.id)).toBeDefined();
    node.reconsider(mined);
    expect(node.chain.tip).toBe(mined);
    expect(node.mempool.get(known.id)).toBeUndefined();
  });

  it('returns to the old branch when a longer one turns out invalid at its end', () => {
    const base = node.mineNext(SCRIPT);
    const first = node.mineNext(SCRIPT);
    const rival = extend(base);
    node.submitBlock(rival);
    const rivalNode = node.chain.node(headerHash(rival.header));
    if (rivalNode === undefined) throw new Error('the rival is lost');
    const cheat = mineBlock({
      height: 3,
      previous: rivalNode.hash,
      time: rivalNode.block.header.time + 1,
      script: SCRIPT,
      fees: 1n,
      transactions: [],
    });
    expect(reasonOf(cheat)).toBe('bad-cb-amount');
    expect(node.chain.tip).toBe(first);
  });

  it('cannot take the first block out', () => {
    const genesis = node.chain.tip;
    expect(judge(() => node.invalidate(genesis))?.reason).toBe('bad-genesis');
  });
});

describe('the bound on signature operations', () => {
  it('counts a multisig as twenty, and what stands before a push that breaks off', () => {
    expect(countSigops(Uint8Array.of(0xac, 0xad, 0xae, 0xaf))).toBe(42);
    expect(countSigops(Uint8Array.of(0xac, 0xac, 0x4c))).toBe(2);
    expect(countSigops(Uint8Array.of(0x02, 0xac, 0xac))).toBe(0);
  });

  it('refuses a block of more than 80,000', () => {
    const withOperations = (count: number) => {
      const script = new Uint8Array(count).fill(0xac);
      return withCoinbase(next(), (tx) => ({ ...tx, outputs: [...tx.outputs, { amount: 0n, script }] }));
    };
    expect(reasonOf(withOperations(20_001))).toBe('bad-blk-sigops');
    expect(reasonOf(withOperations(19_999))).toBeNull();
  });
});
