/**
 * Which scripts are ours: all that were handed out, and a number beyond the highest one, so that an address which this
 * queue does not remember (it was restored, or another vault gave it) is found all the same.
 */
import { toHex } from '@coldwire/protocol';
import type { WalletScripts } from '@coldwire/wallet';
import { type Locate, listPlaces, type Place, type Store } from '../queue/index.ts';

export class ScriptWatch {
  readonly #scripts: readonly WalletScripts[];
  readonly #lookahead: number;
  readonly #places = new Map<string, Place>();
  /** By `wallet/chain`: how many indexes are known. */
  readonly #known = new Map<string, number>();

  constructor(scripts: readonly WalletScripts[], lookahead: number) {
    this.#scripts = scripts;
    this.#lookahead = lookahead;
  }

  /** Takes in what was handed out since the last call. */
  refresh(store: Store): void {
    this.cover();
    for (const { wallet, chain, index } of listPlaces(store)) this.#cover(wallet, chain, index);
  }

  /** The first addresses of every wallet, whether handed out or not. */
  cover(): void {
    for (const wallet of this.#scripts.keys())
      for (const chain of [0, 1] as const) this.#cover(wallet, chain, -1);
  }

  readonly locate: Locate = (script) => {
    const place = this.#places.get(toHex(script));
    if (place !== undefined) this.#cover(place.wallet, place.chain, place.index);
    return place;
  };

  #cover(wallet: number, chain: 0 | 1, index: number): void {
    const key = `${wallet}/${chain}`;
    const wanted = index + 1 + this.#lookahead;
    for (let next = this.#known.get(key) ?? 0; next < wanted; next += 1) {
      const script = this.#scripts[wallet]?.at(chain, next).scriptPubKey;
      if (script === undefined) throw new Error(`there is no wallet ${wallet}`);
      this.#places.set(toHex(script), { wallet, chain, index: next });
      this.#known.set(key, next + 1);
    }
  }
}
