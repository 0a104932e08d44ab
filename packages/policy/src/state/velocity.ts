/**
 * What was charged to each destination and each requester, as far back as the charter's longest velocity window reaches and
 * no further: what a hostile vault can make a signer remember is bounded by the windows themselves.
 * Spec: protocol-spec/10-policy.md, "Velocity".
 */
import { type Policy, toHex } from '@coldwire/protocol';
import { MILLITICKS } from '../clock/header-tree.ts';
import { addCharge, createLedger, type Ledger } from './ledger.ts';

export type Per = Policy['velocity'][number]['per'];

/** An intent as velocity sees it: scriptPubKey, requester's name, sat. */
export type Charged = readonly [script: Uint8Array, requester: string, amount: bigint];

/** By `destination SCRIPT` or `requester NAME`; whoever was charged last stands last. */
export type Velocity = Map<string, Ledger>;

export function velocityKey(per: Per, [script, requester]: Charged): string {
  return per === 'destination' ? `destination ${toHex(script)}` : `requester ${requester}`;
}

/** Charges intents, then forgets what no window holds any more. @param ticks of the longest velocity window; 0: none */
export function chargeVelocity(
  velocity: Velocity,
  millitick: number,
  intents: readonly Charged[],
  ticks: number,
): void {
  const past = Math.floor(millitick / MILLITICKS) - ticks;
  for (const row of intents) {
    for (const per of ['destination', 'requester'] as const) {
      const key = velocityKey(per, row);
      const ledger = velocity.get(key) ?? createLedger();
      addCharge(ledger, millitick, { amount: row[2], count: 1, fee: 0n });
      trim(ledger, past);
      velocity.delete(key);
      velocity.set(key, ledger);
    }
  }
  for (const [key, { totals }] of velocity) {
    if ((totals.at(-1)?.tick ?? 0) > past) break;
    velocity.delete(key);
  }
}

/** What stays is counted from nothing: a longer window of a later charter must not hold what was forgotten for good. */
function trim({ totals }: Ledger, past: number): void {
  const first = totals.findIndex(({ tick }) => tick > past);
  const base = totals[first - 1];
  if (base === undefined) return;
  totals.splice(0, first);
  // In place: as the arguments of one call, the rows of a long window would not fit on the stack.
  for (const [place, { tick, amount, count, fee }] of totals.entries()) {
    totals[place] = {
      tick,
      amount: amount - base.amount,
      count: count - base.count,
      fee: fee - base.fee,
    };
  }
}
