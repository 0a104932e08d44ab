/**
 * Transactions that wait for a block: acceptance, conflicts, replacement by fee (BIP-125's rules without its
 * signal, as Core since 28), limits on chains of unconfirmed transactions.
 */
import { isCoinbase, type KnownTransaction, outpointOf } from '../primitives/transaction.ts';
import { Rejected } from '../rejected.ts';
import type { BlockNode, ChainChange, Chainstate } from './chainstate.ts';
import { boundSigopCost, checkTransaction, isFinal, sequenceLocksMet } from './check-transaction.ts';
import { type Coin, spendCoins } from './coins.ts';
import { checkStandard, feeFor, INCREMENTAL_FEERATE, MAX_SIGOP_COST, MIN_RELAY_FEERATE } from './standard.ts';

const MAX_CHAIN = 25;
const MAX_CHAIN_VSIZE = 101_000;
const MAX_EVICTED = 100;
/** Enough for every demo; above it nothing is evicted, new transactions are refused. */
const MAX_POOL_VSIZE = 50_000_000;

export interface Entry {
  readonly known: KnownTransaction;
  /** sat */
  readonly fee: bigint;
  /** Unix seconds. */
  readonly time: number;
  /** Height of the best block at entry. */
  readonly height: number;
  /** Upper bound, see `boundSigopCost`. */
  readonly sigopCost: number;
  /** Unconfirmed transactions whose outputs it spends. */
  readonly parents: ReadonlySet<string>;
}

/** A transaction that passed, and what it would replace. */
interface Candidate {
  readonly entry: Entry;
  readonly evicted: ReadonlySet<string>;
}

export class Mempool {
  readonly #chain: Chainstate;
  readonly #now: () => number;
  /** In order of entry, so parents stand before their children. */
  readonly #entries = new Map<string, Entry>();
  /** outpoint → txid that spends it */
  readonly #spenders = new Map<string, string>();

  constructor(chain: Chainstate, now: () => number) {
    this.#chain = chain;
    this.#now = now;
  }

  get(txid: string): Entry | undefined {
    return this.#entries.get(txid);
  }

  entries(): Entry[] {
    return [...this.#entries.values()];
  }

  spenderOf(outpoint: string): string | undefined {
    return this.#spenders.get(outpoint);
  }

  /** Accepts a transaction or throws `Rejected`. */
  accept(known: KnownTransaction): Entry {
    const { entry, evicted } = this.#examine(known);
    for (const txid of evicted) this.#remove(txid);
    this.#add(entry);
    return entry;
  }

  /** What `accept` would say, without accepting. */
  test(known: KnownTransaction): Entry {
    return this.#examine(known).entry;
  }

  /** Follows the chain: mined and conflicting transactions leave, those of disconnected blocks come back. */
  update(change: ChainChange): void {
    if (change.disconnected.length === 0) {
      for (const node of change.connected) this.#leave(node);
      return;
    }
    const returned = change.disconnected.toReversed().flatMap(({ block }) => block.transactions.slice(1));
    const candidates = [...returned, ...this.entries().map(({ known }) => known)];
    this.#entries.clear();
    this.#spenders.clear();
    for (const known of candidates) {
      try {
        this.accept(known);
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
      }
    }
  }

  ancestorsOf(parents: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    const queue = [...parents];
    for (let txid = queue.pop(); txid !== undefined; txid = queue.pop()) {
      if (found.has(txid)) continue;
      found.add(txid);
      queue.push(...(this.#entries.get(txid)?.parents ?? []));
    }
    return found;
  }

  /** Transactions that spend outputs of this one, directly or not; without itself. */
  descendantsOf(txid: string): Set<string> {
    const found = new Set<string>();
    for (const [other, entry] of this.#entries) {
      for (const parent of entry.parents) if (parent === txid || found.has(parent)) found.add(other);
    }
    return found;
  }

  #examine(known: KnownTransaction): Candidate {
    if (isCoinbase(known.tx)) throw new Rejected('coinbase');
    checkTransaction(known);
    checkStandard(known);
    const { tip } = this.#chain;
    const medianTime = this.#chain.medianTime(tip);
    if (!isFinal(known.tx, tip.height + 1, medianTime)) throw new Rejected('non-final');
    if (this.#entries.has(known.txid)) throw new Rejected('txn-already-in-mempool');
    if (this.#chain.blockOf(known.txid) !== undefined) throw new Rejected('txn-already-known');
    const { coins, fee } = spendCoins(known, (outpoint) => this.#lookup(outpoint), tip.height + 1);
    const before = this.#chain.medianTimeBefore;
    if (!sequenceLocksMet(known.tx, coins, tip.height + 1, medianTime, before))
      throw new Rejected('non-BIP68-final');
    const sigopCost = boundSigopCost(known, coins);
    if (sigopCost > MAX_SIGOP_COST) throw new Rejected('bad-txns-too-many-sigops');
    if (fee < feeFor(MIN_RELAY_FEERATE, known.vsize)) throw new Rejected('min relay fee not met');
    const parents = new Set(
      known.tx.inputs
        .map(outpointOf)
        .map(txidOf)
        .filter((txid) => this.#entries.has(txid)),
    );
    const entry: Entry = { known, fee, time: this.#now(), height: tip.height, sigopCost, parents };
    const evicted = this.#checkReplacement(entry);
    this.#checkLimits(entry, evicted);
    this.#chain.verifyScripts(known, coins);
    return { entry, evicted };
  }

  #lookup(outpoint: string): Coin | undefined {
    const parent = this.#entries.get(txidOf(outpoint));
    if (parent === undefined) return this.#chain.coins.get(outpoint);
    const output = parent.known.tx.outputs[Number(outpoint.slice(65))];
    return output === undefined
      ? undefined
      : { ...output, height: this.#chain.tip.height + 1, coinbase: false };
  }

  /** BIP-125, rules 2 to 5, and Core's demand that each direct conflict has a lower feerate. */
  #checkReplacement(entry: Entry): Set<string> {
    const { known, fee } = entry;
    const spenders = known.tx.inputs.map((input) => this.#spenders.get(outpointOf(input)));
    const conflicts = [...new Set(spenders)].flatMap((txid) => this.#entries.get(txid ?? '') ?? []);
    if (conflicts.length === 0) return new Set();
    const evicted = new Set(conflicts.map(({ known: other }) => other.txid));
    for (const { known: other } of conflicts) {
      for (const child of this.descendantsOf(other.txid)) evicted.add(child);
    }
    const ancestors = this.ancestorsOf(entry.parents);
    if ([...evicted].some((txid) => ancestors.has(txid)))
      throw new Rejected('bad-txns-spends-conflicting-tx');
    if (evicted.size > MAX_EVICTED) throw new Rejected('too many potential replacements');
    const kept = new Set(conflicts.flatMap((conflict) => [...conflict.parents]));
    if ([...entry.parents].some((txid) => !kept.has(txid)))
      throw new Rejected('replacement-adds-unconfirmed');
    for (const conflict of conflicts) {
      if (fee * BigInt(conflict.known.vsize) <= conflict.fee * BigInt(known.vsize)) {
        throw new Rejected('insufficient fee', `feerate not above that of ${conflict.known.txid}`);
      }
    }
    const replaced = [...evicted].reduce((sum, txid) => sum + (this.#entries.get(txid)?.fee ?? 0n), 0n);
    if (fee < replaced + feeFor(INCREMENTAL_FEERATE, known.vsize)) {
      throw new Rejected(
        'insufficient fee',
        `fee ${fee} sat does not pay for the ${replaced} sat replaced and its own relay`,
      );
    }
    return evicted;
  }

  #checkLimits(entry: Entry, evicted: ReadonlySet<string>): void {
    const vsizeOf = (txids: Iterable<string>): number =>
      [...txids].reduce((sum, txid) => sum + (this.#entries.get(txid)?.known.vsize ?? 0), entry.known.vsize);
    const ancestors = this.ancestorsOf(entry.parents);
    const tooLong = (txids: ReadonlySet<string>): boolean =>
      txids.size + 1 > MAX_CHAIN || vsizeOf(txids) > MAX_CHAIN_VSIZE;
    if (tooLong(ancestors)) throw new Rejected('too-long-mempool-chain', 'too many unconfirmed ancestors');
    for (const txid of ancestors) {
      const descendants = [...this.descendantsOf(txid)].filter((other) => !evicted.has(other));
      // An ancestor counts itself and the newcomer.
      if (tooLong(new Set([txid, ...descendants])))
        throw new Rejected('too-long-mempool-chain', 'too many descendants');
    }
    if (vsizeOf(this.#entries.keys()) > MAX_POOL_VSIZE) throw new Rejected('mempool full');
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.known.txid, entry);
    for (const input of entry.known.tx.inputs) this.#spenders.set(outpointOf(input), entry.known.txid);
  }

  #remove(txid: string): void {
    const entry = this.#entries.get(txid);
    if (entry === undefined) return;
    this.#entries.delete(txid);
    for (const input of entry.known.tx.inputs) this.#spenders.delete(outpointOf(input));
  }

  /** A block was connected: its transactions leave as mined, and what conflicts with them leaves for good. */
  #leave(node: BlockNode): void {
    for (const known of node.block.transactions) {
      const entry = this.#entries.get(known.txid);
      this.#remove(known.txid);
      if (entry !== undefined) this.#forgetParent(known.txid);
      for (const input of known.tx.inputs) {
        const spender = this.#spenders.get(outpointOf(input));
        if (spender === undefined) continue;
        for (const child of this.descendantsOf(spender)) this.#remove(child);
        this.#remove(spender);
      }
    }
  }

  #forgetParent(txid: string): void {
    for (const [other, entry] of this.#entries) {
      if (!entry.parents.has(txid)) continue;
      const parents = new Set([...entry.parents].filter((parent) => parent !== txid));
      this.#entries.set(other, { ...entry, parents });
    }
  }
}

function txidOf(outpoint: string): string {
  return outpoint.slice(0, 64);
}
