/**
 * Where money may go: the charter's lists, and this gate's share of what each destination and each requester may get in a
 * window. Registrations are the signers' to know. Judged for intents that this gate sees for the first time.
 * Refuses DESTINATION_DENIED, DESTINATION_UNKNOWN, DESTINATION_WINDOW, REQUESTER_WINDOW.
 * Spec: protocol-spec/13-gate.md, "Limits".
 */
import { toHex } from '@coldwire/protocol';
import { sharersSince } from './limits.ts';
import type { Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { type GateState, type Payment, type PaymentRow, readPayment } from './state.ts';

/** What would be cleared here for the first time. */
export function firstPayments(state: GateState, { intents }: Rebuilt): readonly PaymentRow[] {
  return intents
    .filter(({ id }) => !state.intents.has(id))
    .map(({ intent: { script, requester, amount } }) => [script, requester, amount] as const);
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

/** @param at µs of running time */
export function checkVelocity(state: GateState, rebuilt: Rebuilt, at: number): readonly GateRefusal[] {
  const { policy } = state.charter.charter;
  const payments = firstPayments(state, rebuilt).map((row) => readPayment(row, at));
  return (['destination', 'requester'] as const).flatMap((per) => {
    const rows = policy.velocity.filter((row) => row.per === per);
    const names = rows.length === 0 ? [] : new Set(payments.map((payment) => payment[per]));
    return [...names].flatMap((name) => rows.flatMap((row) => checkRow(state, row, name, payments, at)));
  });
}

/** One window for one destination or requester: the whole, divided by the number of gates. */
function checkRow(
  state: GateState,
  { per, ticks, amount, count }: Row,
  name: string,
  payments: readonly Payment[],
  at: number,
): readonly GateRefusal[] {
  const since = at - ticks * state.charter.charter.clock.spacing * 1_000_000;
  const gates = sharersSince(state, since);
  const sum = (rows: readonly Payment[]): bigint => rows.reduce((total, row) => total + row.amount, 0n);
  const before = state.payments.filter((payment) => payment[per] === name && payment.at > since);
  const now = payments.filter((payment) => payment[per] === name);
  const limits = [
    ['amount', sum(before), sum(now), amount / BigInt(gates)],
    ['count', BigInt(before.length), BigInt(now.length), BigInt(Math.floor(count / gates))],
  ] as const;
  return limits
    .filter(([, spent, asked, limit]) => spent + asked > limit)
    .map(([what, spent, asked, limit]) => refuse(CODES[per], { [per]: name, what, spent, asked, limit }));
}
