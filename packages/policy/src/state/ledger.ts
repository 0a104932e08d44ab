/**
 * What was charged, by tick: amounts, counts and fees, summed up so that any window is two look-ups.
 * A charge counts from the next whole tick on, so a window never frees early, and at most one tick late.
 * Spec: protocol-spec/10-policy.md, "Windows".
 */
import { MILLITICKS } from '../clock/header-tree.ts';

/** sat, number of intents, sat. */
export type Charge = { readonly amount: bigint; readonly count: number; readonly fee: bigint };

/** All charges up to and with this tick. */
type Total = Charge & { readonly tick: number };

/** Ascending ticks. */
export type Ledger = { readonly totals: Total[] };

export const NO_CHARGE: Charge = { amount: 0n, count: 0, fee: 0n };

export function createLedger(): Ledger {
  return { totals: [] };
}

/** Changes the ledger. `millitick` is not before that of an earlier charge. */
export function addCharge(ledger: Ledger, millitick: number, charge: Charge): void {
  const tick = Math.floor(millitick / MILLITICKS) + 1;
  const last = ledger.totals.at(-1);
  const sum = {
    tick,
    amount: (last?.amount ?? 0n) + charge.amount,
    count: (last?.count ?? 0) + charge.count,
    fee: (last?.fee ?? 0n) + charge.fee,
  };
  if (last?.tick === tick) ledger.totals[ledger.totals.length - 1] = sum;
  else ledger.totals.push(sum);
}

/** The last total whose tick is at most `tick`. */
function totalAt(ledger: Ledger, tick: number): Charge {
  let low = 0;
  let high = ledger.totals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ledger.totals[middle]?.tick ?? 0) <= tick) low = middle + 1;
    else high = middle;
  }
  return ledger.totals[low - 1] ?? NO_CHARGE;
}

/** What a window of `ticks` holds at `millitick`. */
export function usedIn(ledger: Ledger, ticks: number, millitick: number): Charge {
  const all = ledger.totals.at(-1) ?? NO_CHARGE;
  const freed = totalAt(ledger, Math.floor(millitick / MILLITICKS) - ticks);
  return { amount: all.amount - freed.amount, count: all.count - freed.count, fee: all.fee - freed.fee };
}
