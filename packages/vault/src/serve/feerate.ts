/** What a transaction should pay now: the node's estimate, asked at most twice a minute, inside the charter's limit. */
import type { Chain } from '../chain/index.ts';
import type { Tuning } from './settings.ts';

const KEEP_MS = 30_000;

export class Feerates {
  readonly #chain: Chain;
  readonly #tuning: Tuning;
  readonly #limit: bigint;
  #known: { readonly at: number; readonly feerate: bigint } | undefined;

  /** @param limit the charter's, sat per 1,000 vB */
  constructor(chain: Chain, tuning: Tuning, limit: number) {
    this.#chain = chain;
    this.#tuning = tuning;
    this.#limit = BigInt(limit);
  }

  /** sat per 1,000 vB. @throws ChainError */
  async now(): Promise<bigint> {
    const known = this.#known;
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return known.feerate;
    const { feeTarget, feerateFallback } = this.#tuning;
    const { satPerKvb } = await this.#chain.feerate(feeTarget, feerateFallback);
    const feerate = satPerKvb < this.#limit ? satPerKvb : this.#limit;
    this.#known = { at: performance.now(), feerate };
    return feerate;
  }
}
