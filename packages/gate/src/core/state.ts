/**
 * What a gate remembers, rebuilt from its evidence log at start. Its clock is its own running time, added up over all
 * starts: nobody can turn it, and it stands still while the gate is off. Spec: protocol-spec/13-gate.md, "State".
 */
import { toHex } from '@coldwire/protocol';
import type { GateChange, GateResult } from './change.ts';
import type { GateCharter } from './charter.ts';

export const RESULTS_KEPT = 1024;

export interface ClearedRecord {
  /** `txid:vout` of each coin it spends. */
  readonly inputs: readonly string[];
  readonly fee: bigint;
}

/** What a window has to count. `at`: µs of running time. */
export interface Charge {
  readonly at: number;
  readonly amount: bigint;
  readonly count: number;
  readonly fee: bigint;
}

export interface GateState {
  readonly charter: GateCharter;
  readonly results: Map<string, GateResult>;
  /** By txid as people see it. */
  readonly cleared: Map<string, ClearedRecord>;
  /** By `txid:vout`: the highest fee (sat) of a cleared transaction that spends it. */
  readonly fees: Map<string, bigint>;
  /** By intent id: hash of the intent's bytes, and the txids that were cleared for it. */
  readonly intents: Map<string, { readonly hash: string; readonly txids: string[] }>;
  /** By intent id: µs of running time at which this gate first saw it, for intents with another home. */
  readonly seen: Map<string, number>;
  charges: Charge[];
  /** Highest running time on record, µs; the running time of this start counts from it. */
  lastRunning: number;
  base: number;
  session: number;
}

export function createGateState(charter: GateCharter): GateState {
  return {
    charter,
    results: new Map(),
    cleared: new Map(),
    fees: new Map(),
    intents: new Map(),
    seen: new Map(),
    charges: [],
    lastRunning: 0,
    base: 0,
    session: 0,
  };
}

/** µs of running time over all starts. */
export function runningTime(state: GateState, uptime: number): number {
  return state.base + uptime;
}

/** Performs one change. Mutates `state` and returns it: callers go on with what is returned. */
export function applyGate(state: GateState, change: GateChange): GateState {
  switch (change.kind) {
    case 'start':
      state.session = change.value;
      state.base = state.lastRunning;
      return state;
    case 'result':
      return rememberResult(state, change.value);
    case 'seen':
      state.lastRunning = Math.max(state.lastRunning, change.value.at);
      for (const id of change.value.intents) state.seen.set(toHex(id), change.value.at);
      return state;
    case 'cleared':
      return rememberCleared(state, change.value);
  }
}

function rememberResult(state: GateState, result: GateResult): GateState {
  state.results.set(toHex(result.request), result);
  const [oldest] = state.results.keys();
  if (state.results.size > RESULTS_KEPT && oldest !== undefined) state.results.delete(oldest);
  return state;
}

type Cleared = Extract<GateChange, { kind: 'cleared' }>['value'];

function rememberCleared(state: GateState, { txid, inputs, fee, intents, charge, at }: Cleared): GateState {
  const id = displayHash(txid);
  state.lastRunning = Math.max(state.lastRunning, at);
  const outpoints = inputs.map(([hash, vout]) => `${displayHash(hash)}:${vout}`);
  state.cleared.set(id, { inputs: outpoints, fee });
  for (const outpoint of outpoints) {
    if (fee > (state.fees.get(outpoint) ?? -1n)) state.fees.set(outpoint, fee);
  }
  for (const [intent, hash] of intents) {
    const known = state.intents.get(toHex(intent));
    if (known === undefined) state.intents.set(toHex(intent), { hash: toHex(hash), txids: [id] });
    else if (!known.txids.includes(id)) known.txids.push(id);
    state.seen.delete(toHex(intent));
  }
  const oldest = at - longestWindow(state);
  state.charges = state.charges.filter((row) => row.at > oldest);
  state.charges.push({ at, amount: charge[0], count: charge[1], fee: charge[2] });
  return state;
}

/** µs; older charges count nowhere. */
function longestWindow(state: GateState): number {
  const { policy, clock } = state.charter.charter;
  return Math.max(...policy.windows.map(({ ticks }) => ticks)) * clock.spacing * 1_000_000;
}

/** A txid as people see it: bytes reversed. */
export function displayHash(hash: Uint8Array): string {
  return toHex(Uint8Array.from(hash).reverse());
}
