/**
 * One intent, one payment, as this gate sees it: a second transaction for an intent only if it spends an input of every
 * one that was cleared for it and can still be mined; and an intent whose home is another gate only after the charter's delay.
 * Refuses GATE_CONFLICT, GATE_HOME. Spec: protocol-spec/13-gate.md, "Conflicts" and "Home".
 */
import type { Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import type { GateState } from './state.ts';

const MICROSECONDS = 1_000_000;

export function checkConflicts(state: GateState, rebuilt: Rebuilt): readonly GateRefusal[] {
  const inputs = new Set(rebuilt.inputs.map(({ outpoint }) => outpoint));
  return rebuilt.intents.flatMap(({ id }) =>
    (state.intents.get(id)?.txids ?? []).flatMap((txid) => {
      if (txid === rebuilt.txid || state.dead.has(txid)) return [];
      const record = state.cleared.get(txid);
      const conflicts = record?.inputs.some((input) => inputs.has(input)) === true;
      return conflicts ? [] : [refuse('GATE_CONFLICT', { intent: id, txid })];
    }),
  );
}

/** The gate that clears an intent first: the first four bytes of its id, modulo the number of gates. */
export function homeOf(state: GateState, id: string): number {
  return homeAmong(state.charter.charter.gates.length, id);
}

const homeAmong = (gates: number, id: string): number => Number.parseInt(id.slice(0, 8), 16) % gates;

/**
 * By the list in force, and by each that was in force here a delay ago: its home of before may have cleared it, or still does
 * under a charter that is behind.
 */
function isAtHome(state: GateState, id: string, at: number): boolean {
  const { place, charter } = state.charter;
  if (homeOf(state, id) !== place) return false;
  const delay = charter.policy.gateDelay * MICROSECONDS;
  return state.former.every(
    (list) => at - list.until >= Math.max(delay, list.delay) || homeAmong(list.gates, id) === list.place,
  );
}

export interface HomeCheck {
  readonly refusals: readonly GateRefusal[];
  /** Intents of another home that this gate sees for the first time: their delay begins now. */
  readonly seen: readonly string[];
}

/** @param at µs of running time */
export function checkHomes(state: GateState, rebuilt: Rebuilt, at: number): HomeCheck {
  const { gates, policy } = state.charter.charter;
  const refusals: GateRefusal[] = [];
  const seen: string[] = [];
  for (const { id } of rebuilt.intents) {
    if (state.intents.has(id) || isAtHome(state, id, at)) continue;
    const since = state.seen.get(id);
    if (since === undefined) seen.push(id);
    if (since === undefined || at - since < policy.gateDelay * MICROSECONDS) {
      refusals.push(refuse('GATE_HOME', { intent: id, home: gates[homeOf(state, id)]?.name ?? '' }));
    }
  }
  return { refusals, seen };
}
