/**
 * What a gate remembers, rebuilt from its evidence log at start. Its clock is its own running time, added up over all
 * starts: nobody can turn it, and it stands still while the gate is off. Spec: protocol-spec/13-gate.md, "State".
 */
import { toHex } from '@coldwire/protocol';
import type { GateChange, GateResult } from './change.ts';
import type { GateCharter } from './charter.ts';
import { applyEnacted, applyInstalled, gateNames } from './succession.ts';
import { applyHead, type SeenHeads } from './witness.ts';

export const RESULTS_KEPT = 1024;
/** Intents of other homes that wait here. The oldest is forgotten first, and waits anew when it is offered again. */
export const SEEN_KEPT = 65_536;

export interface ClearedRecord {
  /** `txid:vout` of each coin it spends. */
  readonly inputs: readonly string[];
  /** sat to intents. */
  readonly paid: bigint;
}

/** What a window has to count. `at`: µs of running time. */
export interface Charge {
  readonly at: number;
  readonly amount: bigint;
  readonly count: number;
  readonly fee: bigint;
}

/** An intent that was charged here, as limits per destination and per requester count it. */
export interface Payment {
  /** µs of running time */
  readonly at: number;
  /** scriptPubKey, hexadecimal */
  readonly destination: string;
  readonly requester: string;
  /** sat */
  readonly amount: bigint;
}

/** `due`: running time, µs. */
export interface WaitingCharter {
  readonly charter: GateCharter;
  readonly due: number;
}

/** A list of gates that is not in force any more. Times are running time, µs. */
export interface FormerGates {
  readonly until: number;
  /** How many they were. */
  readonly gates: number;
  /** This gate's place among them; -1 where it was not, with its own keys. */
  readonly place: number;
  /** What `gateDelay` was. */
  readonly delay: number;
}

/** The same as it is journalled: scriptPubKey, requester, sat. */
export type PaymentRow = readonly [script: Uint8Array, requester: string, amount: bigint];

export function readPayment([script, requester, amount]: PaymentRow, at: number): Payment {
  return { at, destination: toHex(script), requester, amount };
}

export interface GateState {
  /** The charter in force. */
  charter: GateCharter;
  /** Oldest first. */
  waiting: readonly WaitingCharter[];
  /** Of every charter that was ever installed, by its hash: the names of its gates, joined by commas. */
  readonly charters: Map<string, string>;
  /** The lists of gates that were in force here before, oldest first. */
  former: readonly FormerGates[];
  /** Running time (µs) at which a charter came in force that lists this gate, after one that did not; null: never. */
  joined: number | null;
  readonly results: Map<string, GateResult>;
  /** By txid as people see it. */
  readonly cleared: Map<string, ClearedRecord>;
  /** By `txid:vout`: sat of fees charged so far for transactions that spend it, each spread over its inputs. */
  readonly feesCharged: Map<string, bigint>;
  /** By `txid:vout`: the cleared transactions that spend it. */
  readonly spenders: Map<string, string[]>;
  /** By intent id: hash of the intent's bytes, and the txids that were cleared for it. */
  readonly intents: Map<string, { readonly hash: string; readonly txids: string[] }>;
  /** Cleared transactions, by txid as people see it, that can never be mined. */
  readonly dead: Set<string>;
  /** By intent id: µs of running time at which this gate first saw it, for intents with another home. */
  readonly seen: Map<string, number>;
  charges: Charge[];
  /** As far back as the longest velocity window reaches. */
  payments: Payment[];
  /** The newest SIGNED that was shown, for signers that start. */
  heads: SeenHeads;
  /** Highest running time on record, µs; the running time of this start counts from it. */
  lastRunning: number;
  base: number;
  session: number;
}

export function createGateState(charter: GateCharter): GateState {
  return {
    charter,
    waiting: [],
    charters: new Map([[toHex(charter.hash), gateNames(charter)]]),
    former: [],
    joined: null,
    results: new Map(),
    cleared: new Map(),
    feesCharged: new Map(),
    spenders: new Map(),
    intents: new Map(),
    dead: new Set(),
    seen: new Map(),
    charges: [],
    payments: [],
    heads: new Map(),
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
      for (const oldest of state.seen.keys()) {
        if (state.seen.size <= SEEN_KEPT) break;
        state.seen.delete(oldest);
      }
      return state;
    case 'cleared':
      return rememberCleared(state, change.value);
    case 'head':
      applyHead(state.heads, change.value);
      return state;
    case 'installed':
      applyInstalled(state, change.value);
      return state;
    case 'enacted':
      applyEnacted(state, change.value);
      return state;
    case 'dead':
      state.dead.add(displayHash(change.value));
      return state;
  }
}

function rememberResult(state: GateState, result: GateResult): GateState {
  state.lastRunning = Math.max(state.lastRunning, result.at);
  state.results.set(toHex(result.request), result);
  const [oldest] = state.results.keys();
  if (state.results.size > RESULTS_KEPT && oldest !== undefined) state.results.delete(oldest);
  return state;
}

type Cleared = Extract<GateChange, { kind: 'cleared' }>['value'];

function rememberCleared(state: GateState, cleared: Cleared): GateState {
  const { txid, inputs, paid, intents, charge, at, payments = [] } = cleared;
  const id = displayHash(txid);
  state.lastRunning = Math.max(state.lastRunning, at);
  const outpoints = inputs.map(([hash, vout]) => `${displayHash(hash)}:${vout}`);
  if (!state.cleared.has(id)) {
    for (const outpoint of outpoints)
      state.spenders.set(outpoint, [...(state.spenders.get(outpoint) ?? []), id]);
  }
  state.cleared.set(id, { inputs: outpoints, paid });
  spreadFee(state, outpoints, charge[2]);
  for (const [intent, hash] of intents) {
    const known = state.intents.get(toHex(intent));
    if (known === undefined) state.intents.set(toHex(intent), { hash: toHex(hash), txids: [id] });
    else if (!known.txids.includes(id)) known.txids.push(id);
    state.seen.delete(toHex(intent));
  }
  const oldest = at - longestOf(state, state.charter.charter.policy.windows);
  state.charges = state.charges.filter((row) => row.at > oldest);
  state.charges.push({ at, amount: charge[0], count: charge[1], fee: charge[2] });
  const reach = at - longestOf(state, state.charter.charter.policy.velocity);
  state.payments = state.payments.filter((row) => row.at > reach);
  state.payments.push(...payments.map((row) => readPayment(row, at)));
  return state;
}

/**
 * Evenly, the remainder on the first: what replaces a transaction is credited with the parts of the coins that it spends,
 * so that two transactions which split its coins between them are credited once, not twice.
 */
function spreadFee(state: GateState, outpoints: readonly string[], fee: bigint): void {
  const number = BigInt(outpoints.length);
  for (const [place, outpoint] of outpoints.entries()) {
    const part = fee / number + (place === 0 ? fee % number : 0n);
    state.feesCharged.set(outpoint, (state.feesCharged.get(outpoint) ?? 0n) + part);
  }
}

/** µs; what is older counts nowhere. */
function longestOf({ charter }: GateState, windows: readonly { readonly ticks: number }[]): number {
  return Math.max(0, ...windows.map(({ ticks }) => ticks)) * charter.charter.clock.spacing * 1_000_000;
}

/** A txid as people see it: bytes reversed. */
export function displayHash(hash: Uint8Array): string {
  return toHex(Uint8Array.from(hash).reverse());
}
