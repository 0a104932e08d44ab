/** One node: chain and mempool kept in step. Nothing here is on disk; a new process starts a new chain. */

import { type BlockNode, type ChainChange, Chainstate } from './chain/chainstate.ts';
import { type Entry, Mempool } from './chain/mempool.ts';
import { mineBlock, planBlock } from './chain/miner.ts';
import type { Block } from './primitives/block.ts';
import { describeTransaction, type KnownTransaction, type Transaction } from './primitives/transaction.ts';

export class Node {
  readonly chain: Chainstate;
  readonly mempool: Mempool;
  /** Unix seconds. */
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
    this.chain = new Chainstate(now);
    this.mempool = new Mempool(this.chain, now);
  }

  /** Throws `Rejected` with Core's reason. */
  submitBlock(block: Block): void {
    this.#follow(this.chain.submit(block));
  }

  /** Mines what the mempool holds. */
  mineNext(script: Uint8Array): BlockNode {
    this.submitBlock(mineBlock(planBlock(this.chain, this.mempool.entries(), script, this.now())));
    return this.chain.tip;
  }

  /** Mines exactly these transactions; the block is not submitted. */
  buildBlock(script: Uint8Array, transactions: readonly KnownTransaction[]): Block {
    return mineBlock({ ...planBlock(this.chain, [], script, this.now()), transactions });
  }

  acceptTransaction(tx: Transaction): Entry {
    return this.mempool.accept(describeTransaction(tx));
  }

  invalidate(node: BlockNode): void {
    this.#follow(this.chain.invalidate(node));
  }

  reconsider(node: BlockNode): void {
    this.#follow(this.chain.reconsider(node));
  }

  #follow(change: ChainChange): void {
    this.mempool.update(change);
  }
}
