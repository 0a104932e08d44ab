/**
 * What this machine allows of the charter's windows, and what is used of them.
 * Each of three signers keeps to two thirds, rounded down: every transaction takes two of them, so that all three together
 * never pass the whole, whichever pairs the vault picks.
 * Spec: protocol-spec/10-policy.md, "Windows".
 */
import type { Infer, Policy, WindowUse } from '@coldwire/protocol';
import { type Charge, usedIn } from './state/ledger.ts';
import type { PolicyState } from './state/state.ts';
import { tickAt } from './state/view.ts';

type WindowRow = Policy['windows'][number];

/** One signer's part of a charter window. */
export function signerShare(window: WindowRow): Charge {
  return {
    amount: (window.amount * 2n) / 3n,
    count: Math.floor((window.count * 2) / 3),
    fee: (window.fee * 2n) / 3n,
  };
}

/** Each window's use and limit at this millitick, in the charter's order. */
export function usesAt(
  state: PolicyState,
  millitick: number,
): { readonly used: Charge; readonly limit: Charge }[] {
  return state.charter.policy.windows.map((window) => ({
    used: usedIn(state.ledger, window.ticks, millitick),
    limit: signerShare(window),
  }));
}

/** For STATE. @param uptime µs of running time */
export function windowUse(state: PolicyState, uptime: number): Infer<typeof WindowUse>[] {
  const { windows } = state.charter.policy;
  return usesAt(state, tickAt(state, uptime)).map(({ used, limit }, place) => ({
    ticks: windows[place]?.ticks ?? 0,
    amount: used.amount,
    amountLimit: limit.amount,
    count: used.count,
    countLimit: limit.count,
    fee: used.fee,
    feeLimit: limit.fee,
  }));
}
