/** What one machine has let pass so far: each transaction with its intents, coins and fee, as it must remember it by itself. */
import type { Span } from './record.ts';

/** What is asked of a machine, in a transaction. */
export interface Spending {
  /** Display order. */
  readonly txid: string;
  readonly ids: readonly string[];
  /** As `txid:vout`. */
  readonly inputs: readonly string[];
  /** sat to intents. */
  readonly paid: bigint;
  /** sat */
  readonly fee: bigint;
}

/** A transaction that was let pass, with all the intents that it was let pass for. */
export interface Carrier {
  readonly txid: string;
  readonly inputs: readonly string[];
  readonly paid: bigint;
  readonly ids: Set<string>;
}

/** What the windows were charged for fees. */
export interface FeeCharge extends Span {
  /** sat */
  readonly fee: bigint;
}

export class Book {
  readonly #byTxid = new Map<string, Carrier>();
  readonly #byIntent = new Map<string, Set<Carrier>>();
  readonly #byCoin = new Map<string, Set<Carrier>>();
  /** sat of fees that were charged on each coin. */
  readonly #covered = new Map<string, bigint>();
  readonly charges: FeeCharge[] = [];

  /** The same transaction passed before, for all of these intents: to let it pass again gives nothing away. */
  has(txid: string, ids: readonly string[]): boolean {
    const known = this.#byTxid.get(txid);
    return known !== undefined && ids.every((id) => known.ids.has(id));
  }

  /** Other transactions for an intent that have no coin in common with this one. */
  strangers(id: string, { txid, inputs }: Pick<Spending, 'txid' | 'inputs'>): readonly Carrier[] {
    return [...(this.#byIntent.get(id) ?? [])].filter(
      (one) => one.txid !== txid && !haveCoinInCommon(one.inputs, inputs),
    );
  }

  /**
   * A known intent is paid anew, and charged again, by what could be mined beside a carrier of it, were that not dead; but carriers
   * since that one's successor, which was charged for the same reason, are one charge (10-policy.md, "Charges").
   */
  paysAnew(id: string, { txid, inputs }: Pick<Spending, 'txid' | 'inputs'>): boolean {
    const carriers = [...(this.#byIntent.get(id) ?? [])];
    if (carriers.some((one) => one.txid === txid)) return false;
    const place = carriers.findLastIndex((one) => !haveCoinInCommon(one.inputs, inputs));
    const [beside, next] = place < 0 ? [] : carriers.slice(place, place + 2);
    return beside !== undefined && (next === undefined || haveCoinInCommon(beside.inputs, next.inputs));
  }

  /** The most that a transaction with one of these coins pays to intents (sat). */
  mostPaid(inputs: readonly string[]): bigint {
    const rivals = inputs.flatMap((input) => [...(this.#byCoin.get(input) ?? [])]);
    return rivals.reduce((most, { paid }) => (paid > most ? paid : most), 0n);
  }

  /** @returns sat by which its fee is above what its coins were charged before */
  enter({ txid, ids, inputs, paid, fee }: Spending, span: Span): bigint {
    const carrier = this.#byTxid.get(txid) ?? { txid, inputs, paid, ids: new Set<string>() };
    this.#byTxid.set(txid, carrier);
    for (const id of ids) {
      carrier.ids.add(id);
      add(this.#byIntent, id, carrier);
    }
    for (const input of inputs) add(this.#byCoin, input, carrier);
    const before = inputs.reduce((sum, input) => sum + (this.#covered.get(input) ?? 0n), 0n);
    const charge = fee > before ? fee - before : 0n;
    this.#cover(inputs, charge);
    if (charge > 0n) this.charges.push({ ...span, fee: charge });
    return charge;
  }

  /** Evenly, the remainder on the first (10-policy.md, "Charges"). */
  #cover(inputs: readonly string[], charge: bigint): void {
    const count = BigInt(inputs.length);
    if (count === 0n) return;
    for (const [place, input] of inputs.entries()) {
      const part = charge / count + (place === 0 ? charge % count : 0n);
      this.#covered.set(input, (this.#covered.get(input) ?? 0n) + part);
    }
  }
}

const haveCoinInCommon = (one: readonly string[], other: readonly string[]): boolean =>
  one.some((input) => other.includes(input));

function add<T>(map: Map<string, Set<T>>, key: string, item: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([item]));
  else known.add(item);
}
