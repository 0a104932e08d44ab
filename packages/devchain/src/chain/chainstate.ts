/**
 * The block tree and the coins of its best branch. The best branch is the longest one (regtest has one
 * difficulty), the first seen among equals, without a block that failed or was invalidated by hand.
 */
import { type Block, headerHash } from '../primitives/block.ts';
import { isCoinbase, type KnownTransaction } from '../primitives/transaction.ts';
import { displayHash } from '../primitives/wire.ts';
import { judge, Rejected } from '../rejected.ts';
import { verifyTransaction } from '../script/verify.ts';
import { subsidyAt } from './amounts.ts';
import { checkBlock, checkHeader } from './check-block.ts';
import { boundSigopCost, sequenceLocksMet } from './check-transaction.ts';
import { type Coin, CoinSet, spendCoins } from './coins.ts';
import { GENESIS_HASH, genesisBlock } from './genesis.ts';

const MEDIAN_SPAN = 11;
const MAX_SIGOP_COST = 80_000;

export interface BlockNode {
  readonly hash: string;
  readonly height: number;
  readonly block: Block;
  readonly parent: BlockNode | null;
  /** Set when the block failed its checks or was invalidated; its descendants are then out as well. */
  invalid: boolean;
  /** Per transaction what it spent, while connected. */
  undo: Coin[][];
  /** Fees per transaction after the coinbase, while connected, sat. */
  fees: bigint[];
}

export interface ChainChange {
  /** Newest first. */
  readonly disconnected: readonly BlockNode[];
  /** Oldest first. */
  readonly connected: readonly BlockNode[];
}

export class Chainstate {
  readonly coins = new CoinSet();
  readonly #nodes = new Map<string, BlockNode>();
  readonly #active: BlockNode[] = [];
  /** txid → its block on the best branch. */
  readonly #transactions = new Map<string, BlockNode>();
  /** Transactions whose scripts were checked before: a txid fixes its coins, a wtxid its witness. */
  readonly #verified = new Set<string>();
  readonly #now: () => number;

  /** `now` gives Unix seconds. */
  constructor(now: () => number) {
    this.#now = now;
    const node = { block: genesisBlock(), hash: GENESIS_HASH, height: 0, parent: null };
    const genesis: BlockNode = { ...node, invalid: false, undo: [], fees: [] };
    this.#nodes.set(GENESIS_HASH, genesis);
    this.#active.push(genesis);
  }

  get tip(): BlockNode {
    const tip = this.#active.at(-1);
    if (tip === undefined) throw new Error('the chain has lost its first block');
    return tip;
  }

  node(hash: string): BlockNode | undefined {
    return this.#nodes.get(hash);
  }

  at(height: number): BlockNode | undefined {
    return height < 0 ? undefined : this.#active[height];
  }

  isActive(node: BlockNode): boolean {
    return this.#active[node.height] === node;
  }

  /** The block of the best branch that holds a transaction. */
  blockOf(txid: string): BlockNode | undefined {
    return this.#transactions.get(txid);
  }

  /** Median time of a block and the ten before it (BIP-113). */
  medianTime(node: BlockNode): number {
    const times: number[] = [];
    for (let at: BlockNode | null = node; at !== null && times.length < MEDIAN_SPAN; at = at.parent) {
      times.push(at.block.header.time);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  }

  /** Median time of the best branch's block before `height`, for BIP-68. */
  readonly medianTimeBefore = (height: number): number => {
    const node = this.at(Math.max(0, height - 1));
    return node === undefined ? 0 : this.medianTime(node);
  };

  /** Checks scripts once per wtxid. */
  verifyScripts(known: KnownTransaction, coins: readonly Coin[]): void {
    if (this.#verified.has(known.wtxid)) return;
    verifyTransaction(known.tx, coins);
    this.#verified.add(known.wtxid);
  }

  /** Adds a block and follows the best branch. Throws `Rejected`; 'duplicate' when it is known. */
  submit(block: Block): ChainChange {
    const hash = headerHash(block.header);
    const known = this.#nodes.get(hash);
    if (known !== undefined) throw new Rejected(known.invalid ? 'duplicate-invalid' : 'duplicate');
    const parent = this.#nodes.get(displayHash(block.header.previous));
    if (parent === undefined) throw new Rejected('prev-blk-not-found');
    if (isInvalid(parent)) throw new Rejected('bad-prevblk');
    const medianTime = this.medianTime(parent);
    checkHeader(block.header, medianTime, this.#now());
    checkBlock(block, parent.height + 1, medianTime);
    const node: BlockNode = {
      hash,
      height: parent.height + 1,
      block,
      parent,
      invalid: false,
      undo: [],
      fees: [],
    };
    this.#nodes.set(hash, node);
    const failures: Rejected[] = [];
    const change = this.#followBest(failures);
    const [failure] = failures;
    if (failure !== undefined && node.invalid) throw failure;
    return change;
  }

  /** Takes a block and its descendants out by hand. */
  invalidate(node: BlockNode): ChainChange {
    if (node.parent === null) throw new Rejected('bad-genesis', 'the first block cannot be invalidated');
    node.invalid = true;
    return this.#followBest([]);
  }

  /** Lets a block, its ancestors and its descendants take part again. */
  reconsider(node: BlockNode): ChainChange {
    for (const other of this.#nodes.values()) {
      if (isAncestor(node, other) || isAncestor(other, node)) other.invalid = false;
    }
    return this.#followBest([]);
  }

  #best(): BlockNode {
    const floor = isInvalid(this.tip) ? 0 : this.tip.height;
    let best: BlockNode | undefined;
    // In order of arrival, so the first seen wins against equals.
    for (const node of this.#nodes.values()) {
      if (node.height < floor || (best !== undefined && node.height <= best.height)) continue;
      if (!isInvalid(node)) best = node;
    }
    if (best === undefined) throw new Error('the first block is never invalid');
    return best;
  }

  #followBest(failures: Rejected[]): ChainChange {
    const disconnected: BlockNode[] = [];
    const connected: BlockNode[] = [];
    for (let best = this.#best(); best !== this.tip; best = this.#best()) {
      const branch: BlockNode[] = [];
      for (let at: BlockNode | null = best; at !== null && !this.isActive(at); at = at.parent)
        branch.unshift(at);
      const fork = branch[0]?.parent ?? best;
      while (this.tip !== fork) {
        const tip = this.#disconnectTip();
        if (connected.at(-1) === tip) connected.pop();
        else disconnected.push(tip);
      }
      for (const node of branch) {
        const failure = judge(() => this.#connect(node));
        if (failure !== null) {
          node.invalid = true;
          failures.push(failure);
          break;
        }
        connected.push(node);
      }
    }
    return { disconnected, connected };
  }

  #disconnectTip(): BlockNode {
    const node = this.tip;
    node.block.transactions.forEach((_, i, all) => {
      const at = all.length - 1 - i;
      const known = all[at];
      if (known === undefined) return;
      this.coins.revert(known, node.undo[at] ?? []);
      this.#transactions.delete(known.txid);
    });
    node.undo = [];
    node.fees = [];
    this.#active.pop();
    return node;
  }

  #connect(node: BlockNode): void {
    const undo: Coin[][] = [];
    const fees: bigint[] = [];
    const { transactions } = node.block;
    const failure = judge(() => {
      const cost = transactions.reduce(
        (sum, known) => sum + this.#connectTransaction(node, known, undo, fees),
        0,
      );
      if (cost > MAX_SIGOP_COST) throw new Rejected('bad-blk-sigops');
      const created = transactions[0]?.tx.outputs.reduce((sum, output) => sum + output.amount, 0n) ?? 0n;
      const allowed = subsidyAt(node.height) + fees.reduce((sum, fee) => sum + fee, 0n);
      if (created > allowed) throw new Rejected('bad-cb-amount');
    });
    if (failure !== null) {
      for (let i = undo.length - 1; i >= 0; i -= 1) {
        const known = transactions[i];
        if (known !== undefined) this.coins.revert(known, undo[i] ?? []);
      }
      throw failure;
    }
    node.undo = undo;
    node.fees = fees;
    this.#active.push(node);
    for (const known of transactions) this.#transactions.set(known.txid, node);
  }

  /** Connects one transaction and returns its signature operations' cost. */
  #connectTransaction(node: BlockNode, known: KnownTransaction, undo: Coin[][], fees: bigint[]): number {
    const { height } = node;
    known.tx.outputs.forEach((_, vout) => {
      // BIP-30: a second transaction with the id of one that still has coins.
      if (this.coins.get(`${known.txid}:${vout}`) !== undefined) throw new Rejected('bad-txns-BIP30');
    });
    let coins: readonly Coin[] = [];
    if (!isCoinbase(known.tx)) {
      const spending = spendCoins(known, (outpoint) => this.coins.get(outpoint), height);
      coins = spending.coins;
      const medianTime = this.medianTimeBefore(height);
      if (!sequenceLocksMet(known.tx, coins, height, medianTime, this.medianTimeBefore)) {
        throw new Rejected('bad-txns-nonfinal');
      }
      this.verifyScripts(known, coins);
      fees.push(spending.fee);
    }
    undo.push(this.coins.apply(known, height));
    return boundSigopCost(known, coins);
  }
}

function isInvalid(node: BlockNode): boolean {
  for (let at: BlockNode | null = node; at !== null; at = at.parent) if (at.invalid) return true;
  return false;
}

function isAncestor(ancestor: BlockNode, node: BlockNode): boolean {
  let at: BlockNode | null = node;
  while (at !== null && at.height > ancestor.height) at = at.parent;
  return at === ancestor;
}
