/**
 * Where money may go: the charter's lists, and this gate's share of what each destination and each requester may get in a
 * window. Registrations are the signers' to know. Lists are for intents that this gate sees for the first time, windows for those
 * that a transaction is charged for.
 * Refuses DESTINATION_DENIED, DESTINATION_UNKNOWN, DESTINATION_WINDOW, REQUESTER_WINDOW.
 * Spec: protocol-spec/13-gate.md, "Limits".
 */
import { toHex } from '@coldwire/protocol';
import { chargedIntents, hasJoinedSince, sharersSince } from './limits.ts';
import type { Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { type GateState, type Payment, type PaymentRow, readPayment } from './state.ts';

/** What windows per destination and per requester are charged. */
export function chargedPayments(state: GateState, rebuilt: Rebuilt): readonly PaymentRow[] {
  return chargedIntents(state, rebuilt).map(
    ({ intent: { script, requester, amount } }) => [script, requester, amount] as const,
  );
}

export function checkDestinations(state: GateState, { intents }: Rebuilt): readonly GateRefusal[] {
  const { destinations, allow, deny } = state.charter.charter.policy;
  const allowed = new Set(allow.map(toHex));
  const denied = new Set(deny.map(toHex));
  return intents.flatMap(({ id, intent }) => {
    if (state.intents.has(id)) return [];
    const script = toHex(intent.script);
    if (denied.has(script)) return [refuse('DESTINATION_DENIED', { intent: id })];
    const isUnlisted = destinations === 'listed' && !allowed.has(script);
    return isUnlisted ? [refuse('DESTINATION_UNKNOWN', { intent: id })] : [];
  });
}

const CODES = { destination: 'DESTINATION_WINDOW', requester: 'REQUESTER_WINDOW' } as const;
type Row = GateState['charter']['charter']['policy']['velocity'][number];

interface Sum {
  readonly amount: bigint;
  readonly count: number;
}
const NOTHING: Sum = { amount: 0n, count: 0 };

/** Each name's payments, in one pass: there may be a million of them. */
function sumBy(per: Row['per'], payments: readonly Payment[], since: number): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { at, amount, [per]: name } of payments) {
    if (at <= since) continue;
    const { amount: before, count } = sums.get(name) ?? NOTHING;
    sums.set(name, { amount: before + amount, count: count + 1 });
  }
  return sums;
}

/** @param at µs of running time */
export function checkVelocity(state: GateState, rebuilt: Rebuilt, at: number): readonly GateRefusal[] {
  const { policy, clock } = state.charter.charter;
  const payments = chargedPayments(state, rebuilt).map((row) => readPayment(row, at));
  if (payments.length === 0) return [];
  return (['destination', 'requester'] as const).flatMap((per) => {
    const now = sumBy(per, payments, Number.NEGATIVE_INFINITY);
    const past = state.payments.filter((payment) => now.has(payment[per]));
    const rows = policy.velocity
      .filter((row) => row.per === per)
      .map((row) => {
        const since = at - row.ticks * clock.spacing * 1_000_000;
        const gates = sharersSince(state, since);
        const part = { amount: row.amount / BigInt(gates), count: Math.floor(row.count / gates) };
        const before = sumBy(per, past, since);
        const isNew = hasJoinedSince(state, since);
        return { part, spentOn: (name: string) => (isNew ? part : (before.get(name) ?? NOTHING)) };
      });
    return [...now].flatMap(([name, asked]) =>
      rows.flatMap(({ part, spentOn }) => checkRow(per, part, name, spentOn(name), asked)),
    );
  });
}

/** One window for one destination or requester. @param part of it that is this gate's: the whole, divided by the number of gates */
function checkRow(per: Row['per'], part: Sum, name: string, before: Sum, now: Sum): readonly GateRefusal[] {
  const limits = [
    ['amount', before.amount, now.amount, part.amount],
    ['count', BigInt(before.count), BigInt(now.count), BigInt(part.count)],
  ] as const;
  return limits
    .filter(([, spent, asked, limit]) => spent + asked > limit)
    .map(([what, spent, asked, limit]) => refuse(CODES[per], { [per]: name, what, spent, asked, limit }));
}
