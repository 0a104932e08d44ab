/** The unspent outputs, and how to undo a block. */
import { isCoinbase, type KnownTransaction, type Output, outpointOf } from '../primitives/transaction.ts';
import { Rejected } from '../rejected.ts';
import { OP } from '../script/parse.ts';
import { isMoney } from './amounts.ts';

export interface Coin extends Output {
  readonly height: number;
  readonly coinbase: boolean;
}

/** Finds a coin by its outpoint `txid:vout`. */
export type CoinLookup = (outpoint: string) => Coin | undefined;

export const COINBASE_MATURITY = 100;
const MAX_SCRIPT = 10_000;

export class CoinSet {
  readonly #coins = new Map<string, Coin>();

  get(outpoint: string): Coin | undefined {
    return this.#coins.get(outpoint);
  }

  get size(): number {
    return this.#coins.size;
  }

  /** Spends the inputs and adds the outputs; returns what was spent, in order of the inputs. */
  apply(known: KnownTransaction, height: number): Coin[] {
    const coinbase = isCoinbase(known.tx);
    const spent: Coin[] = [];
    for (const input of coinbase ? [] : known.tx.inputs) {
      const outpoint = outpointOf(input);
      const coin = this.#coins.get(outpoint);
      if (coin === undefined) throw new Error(`no coin ${outpoint} to spend; it was checked before`);
      this.#coins.delete(outpoint);
      spent.push(coin);
    }
    known.tx.outputs.forEach((output, vout) => {
      if (isSpendable(output)) this.#coins.set(`${known.txid}:${vout}`, { ...output, height, coinbase });
    });
    return spent;
  }

  /** Takes `apply` back. */
  revert(known: KnownTransaction, spent: readonly Coin[]): void {
    known.tx.outputs.forEach((_, vout) => {
      this.#coins.delete(`${known.txid}:${vout}`);
    });
    spent.forEach((coin, i) => {
      const input = known.tx.inputs[i];
      if (input !== undefined) this.#coins.set(outpointOf(input), coin);
    });
  }
}

/** Outputs that nothing can ever spend are not kept. */
function isSpendable({ script }: Output): boolean {
  return script[0] !== OP.RETURN && script.length <= MAX_SCRIPT;
}

export interface Spending {
  /** The coins spent, in order of the inputs. */
  readonly coins: readonly Coin[];
  /** sat */
  readonly fee: bigint;
}

/** Finds the coins of a transaction to be mined at `height` and checks amounts and maturity. */
export function spendCoins(known: KnownTransaction, lookup: CoinLookup, height: number): Spending {
  const coins = known.tx.inputs.map((input) => {
    const coin = lookup(outpointOf(input));
    if (coin === undefined) throw new Rejected('bad-txns-inputs-missingorspent');
    if (coin.coinbase && height - coin.height < COINBASE_MATURITY) {
      throw new Rejected(
        'bad-txns-premature-spend-of-coinbase',
        `tried to spend coinbase at depth ${height - coin.height}`,
      );
    }
    return coin;
  });
  const paid = coins.reduce((sum, coin) => sum + coin.amount, 0n);
  const out = known.tx.outputs.reduce((sum, output) => sum + output.amount, 0n);
  if (!isMoney(paid)) throw new Rejected('bad-txns-inputvalues-outofrange');
  if (paid < out) throw new Rejected('bad-txns-in-belowout');
  return { coins, fee: paid - out };
}
