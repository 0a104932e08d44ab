/** The block chain as the attacker reads it: headers, own coins with their transactions and proofs, also of unmined ones. */

import { serializeHeader } from '@coldwire/devchain/primitives/block.ts';
import { type KnownTransaction, serialize } from '@coldwire/devchain/primitives/transaction.ts';
import { Admit, concatBytes, type Dead, encode, fromHex, toHex } from '@coldwire/protocol';
import { buildLevels, proveAt } from '@coldwire/vault/chain/merkle.ts';
import { type Chain, displayTxid } from '@coldwire/wallet';
import type { World } from '../world/world.ts';
import type { MadeTransaction } from './judge/chain.ts';

/** An output that pays one of the wallet's scripts. */
export interface OwnCoin {
  /** Display order. */
  readonly txid: string;
  readonly vout: number;
  readonly amount: bigint;
  readonly chain: Chain;
  readonly index: number;
}

export const keyOf = ({ txid, vout }: { readonly txid: string; readonly vout: number }): string =>
  `${txid}:${vout}`;
export const internal = (txid: string): Uint8Array => fromHex(txid).reverse();

/** Scripts of each chain that are looked for. */
const INDEXES = 64;

export class ChainView {
  readonly #world: World;
  readonly #places = new Map<string, { readonly chain: Chain; readonly index: number }>();
  /** Every transaction that pays or spends us, mined or not, by txid. */
  readonly transactions = new Map<string, KnownTransaction>();
  readonly coins = new Map<string, OwnCoin>();
  /** Transactions by the coins that they spend. */
  readonly #spenders = new Map<string, Set<KnownTransaction>>();
  #seenHeight = 0;

  constructor(world: World) {
    this.#world = world;
    for (const chain of [0, 1] as const) {
      for (let index = 0; index < INDEXES; index += 1) {
        this.#places.set(toHex(world.scripts.at(chain, index).scriptPubKey), { chain, index });
      }
    }
  }

  get height(): number {
    return this.#world.chain.node.chain.tip.height;
  }

  /** Headers from this height on, 80 bytes each, at most 150. */
  headersFrom(height: number): Uint8Array {
    const headers: Uint8Array[] = [];
    for (let at = height; at <= this.height && headers.length < 150; at += 1) {
      const node = this.#world.chain.node.chain.at(at);
      if (node !== undefined) headers.push(serializeHeader(node.block.header));
    }
    return concatBytes(...headers);
  }

  isOwn(script: Uint8Array): { readonly chain: Chain; readonly index: number } | undefined {
    return this.#places.get(toHex(script));
  }

  learn(known: KnownTransaction): void {
    if (this.transactions.has(known.txid)) return;
    this.transactions.set(known.txid, known);
    for (const input of inputsOf(known)) {
      const spenders = this.#spenders.get(input);
      if (spenders === undefined) this.#spenders.set(input, new Set([known]));
      else spenders.add(known);
    }
    for (const [vout, { amount, script }] of known.tx.outputs.entries()) {
      const place = this.isOwn(script);
      if (place !== undefined)
        this.coins.set(keyOf({ txid: known.txid, vout }), { txid: known.txid, vout, amount, ...place });
    }
  }

  /** Reads blocks that came since the last look; a few again, since the last ones may have been replaced. */
  follow(): void {
    for (let at = Math.max(1, this.#seenHeight - 12); at <= this.height; at += 1) {
      for (const known of this.#world.chain.node.chain.at(at)?.block.transactions ?? []) this.learn(known);
    }
    this.#seenHeight = this.height;
  }

  /** Coins that no block spends. */
  unspent(): readonly OwnCoin[] {
    const { coins } = this.#world.chain.node.chain;
    return [...this.coins.values()].filter(({ txid, vout }) => coins.get(`${txid}:${vout}`) !== undefined);
  }

  /** A transaction's bytes, read for the judge. */
  describe({ tx, txid }: KnownTransaction): MadeTransaction {
    const outputs = tx.outputs.map(({ amount, script }) => {
      const own = this.isOwn(script)?.chain;
      return own === undefined ? { amount, script } : { amount, script, own };
    });
    const inputs = tx.inputs.map(
      ({ txid: of, vout }) => this.coins.get(keyOf({ txid: displayTxid(of), vout }))?.amount,
    );
    return { txid, inputs, outputs };
  }

  /** What the chain holds of ours, from the first block to the tip, for the judge. */
  *mined(): Generator<MadeTransaction> {
    for (let height = 1; height <= this.height; height += 1) {
      for (const known of this.#world.chain.node.chain.at(height)?.block.transactions ?? [])
        yield this.describe(known);
    }
  }

  admission(coin: OwnCoin, withProof = true): Admit | undefined {
    const known = this.transactions.get(coin.txid);
    if (known === undefined) return undefined;
    const place = { vout: coin.vout, wallet: 0, chain: coin.chain, index: coin.index };
    return {
      transaction: serialize(known.tx, false),
      coins: [place],
      proof: withProof ? this.proof(coin.txid) : null,
    };
  }

  proof(txid: string): Admit['proof'] {
    const node = this.#world.chain.node.chain.blockOf(txid);
    if (node === undefined) return null;
    const txids = node.block.transactions.map((known) => internal(known.txid));
    const position = node.block.transactions.findIndex((known) => known.txid === txid);
    return proveAt(buildLevels(txids), internal(node.hash), position);
  }

  /** Mined transactions that spend a coin of this one's. */
  *#rivals(txid: string, inputs: readonly string[]): Generator<KnownTransaction> {
    for (const input of inputs) {
      for (const known of this.#spenders.get(input) ?? []) {
        if (known.txid !== txid && this.#heightOf(known.txid) !== undefined) yield known;
      }
    }
  }

  #heightOf(txid: string): number | undefined {
    return this.#world.chain.node.chain.blockOf(txid)?.height;
  }

  /** A mined transaction that spends a coin of this one's, as proof that this one is dead. */
  deathOf(txid: string, inputs: readonly string[]): Dead | undefined {
    for (const known of this.#rivals(txid, inputs)) {
      const proof = this.proof(known.txid);
      if (proof !== null) return { txid: internal(txid), spender: serialize(known.tx, false), proof };
    }
    return undefined;
  }

  /**
   * A transaction can never be mined: one that is buried has a coin of it, or a coin of it is of one that never can be.
   * @param tip height up to which blocks count
   */
  isDead(txid: string, inputs: readonly string[], tip: number): boolean {
    const burial = this.#world.deployment.charter.charter.clock.burial;
    const deepest = Math.min(tip, this.height) - burial + 1;
    for (const { txid: rival } of this.#rivals(txid, inputs)) {
      if ((this.#heightOf(rival) ?? Number.POSITIVE_INFINITY) <= deepest) return true;
    }
    return inputs.some((input) => {
      const parent = this.transactions.get(input.slice(0, 64));
      if (parent === undefined || this.#heightOf(parent.txid) !== undefined) return false;
      return this.isDead(parent.txid, inputsOf(parent), tip);
    });
  }
}

const inputsOf = ({ tx }: KnownTransaction): readonly string[] =>
  tx.inputs.map(({ txid, vout }) => keyOf({ txid: displayTxid(txid), vout }));

export const encodeAdmit = (admit: Admit): Uint8Array => encode(Admit, admit);
