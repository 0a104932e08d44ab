/** What a transaction should pay now: the node's estimate, asked at most twice a minute, inside the limit that drafts keep to. */
import type { Chain } from '../chain/index.ts';
import type { Tuning } from './settings.ts';

const KEEP_MS = 30_000;

export class Feerates {
  readonly #chain: Chain;
  readonly #tuning: Tuning;
  readonly #limit: () => number;
  #known: { readonly at: number; readonly feerate: bigint } | undefined;

  /** @param limit the one in force now, sat per 1,000 vB */
  constructor(chain: Chain, tuning: Tuning, limit: () => number) {
    this.#chain = chain;
    this.#tuning = tuning;
    this.#limit = limit;
  }

  /** sat per 1,000 vB. @throws ChainError */
  async now(): Promise<bigint> {
    const asked = await this.#ask();
    const limit = BigInt(this.#limit());
    return asked < limit ? asked : limit;
  }

  async #ask(): Promise<bigint> {
    const known = this.#known;
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return known.feerate;
    const { feeTarget, feerateFallback } = this.#tuning;
    const { satPerKvb } = await this.#chain.feerate(feeTarget, feerateFallback);
    this.#known = { at: performance.now(), feerate: satPerKvb };
    return satPerKvb;
  }
}
