/** Performs the changes of a signer's memory of itself. Spec: protocol-spec/14-memory.md, "Changes". */
import { type Infer, toHex } from '@coldwire/protocol';
import { settle } from '../clock/ticks.ts';
import { addCharge } from '../state/ledger.ts';
import type { PolicyState } from '../state/state.ts';
import { tipHeight } from '../state/view.ts';
import type {
  AskedChange,
  AttestedChange,
  LatchedChange,
  OrderedChange,
  RestoredChange,
  UnfrozenChange,
} from './change.ts';
import { usedOrder } from './memory.ts';

/** Of UTF-8: the most that the value of a fact of REFUSED has, and the row of a snapshot. */
const FACT_BYTES = 160;
/** A charter lists 8 vaults at most, so that there is always one of before to forget. */
const VAULTS_KEPT = 64;

function settleAt(state: PolicyState, uptime: number): number {
  state.ticks = settle(state.ticks, uptime);
  return state.ticks.credited;
}

export function applyAsked({ memory, ticks }: PolicyState, { nonce }: Infer<typeof AskedChange>): void {
  memory.nonce = toHex(nonce);
  memory.since = ticks.credited;
  memory.attested = [];
  memory.born = null;
  memory.seen.clear();
}

/** Without end the names would not fit in a snapshot: of vaults of before, the one that was told of first goes. */
function raise({ charter }: PolicyState, numbers: Map<string, number>, vault: string, seq: number): void {
  numbers.set(vault, Math.max(numbers.get(vault) ?? 0, seq));
  if (numbers.size <= VAULTS_KEPT) return;
  const listed = charter.charter.vaults.map(({ name }) => name);
  const [oldest] = [...numbers.keys()].filter((name) => !listed.includes(name));
  if (oldest !== undefined) numbers.delete(oldest);
}

/** Other gates than those of the charter in force are of no more use: without end they would not fit in a snapshot. */
function hear({ memory, charter }: PolicyState, heard: readonly string[]): void {
  const gates = charter.charter.gates.map(({ name }) => name);
  memory.attested = gates.filter((gate) => heard.includes(gate)).sort();
}

export function applyAttested(state: PolicyState, { gates, heads }: Infer<typeof AttestedChange>): void {
  const { memory } = state;
  hear(state, [...memory.attested, ...gates]);
  const isRestored = memory.restored !== null && memory.restored.nonce === memory.nonce;
  for (const [vault, seq] of heads) {
    raise(state, memory.seen, vault, seq);
    // What another gate has seen of the same lost memory was given up with it.
    if (isRestored) raise(state, memory.forgiven, vault, seq);
  }
}

/**
 * A charter has come in force: gates that it does not name are forgotten. Nothing in a state without a start.
 * @param isWitnessed no gate of the charter before was missing: then all of this one count as heard
 */
export function hearAnew(state: PolicyState, isWitnessed: boolean): void {
  const { memory, charter } = state;
  if (memory.nonce === null) return;
  hear(state, isWitnessed ? charter.charter.gates.map(({ name }) => name) : memory.attested);
}

export function applyLatched(state: PolicyState, change: Infer<typeof LatchedChange>): void {
  const { uptime, ...latch } = change;
  state.memory.latch = { ...latch, since: settleAt(state, uptime) };
}

/** Orders whose height is past are refused as expired: they need not be remembered. */
function rememberOrders(state: PolicyState, used: readonly string[], expires: number): void {
  const { orders } = state.memory;
  for (const [known, until] of orders) if (until < tipHeight(state)) orders.delete(known);
  for (const key of used) orders.set(key, expires);
}

/** As many whole names as a refusal's fact holds: a cut within one could leave half of a character. */
function listNames(names: readonly string[]): string {
  const listed = names.join(', ');
  return Buffer.byteLength(listed) <= FACT_BYTES ? listed : listNames(names.slice(0, -1));
}

export function applyOrdered(state: PolicyState, change: Infer<typeof OrderedChange>): void {
  const { memory, charter } = state;
  const since = settleAt(state, change.uptime);
  rememberOrders(
    state,
    change.by.map((custodian) => usedOrder(change.order, custodian)),
    change.expires,
  );
  const until = since + charter.policy.freezeTicks * 1000;
  for (const by of change.by) memory.ordered.set(by, { since, until });
  const inForce = [...memory.ordered].filter((row) => row[1].until > since).map(([by]) => by);
  if (inForce.length >= 2) memory.confirmed ??= { by: listNames(inForce.sort()), since };
}

/** What was in force ends now, and whoever froze rests from now on as if it had lapsed. */
export function applyUnfrozen(state: PolicyState, change: Infer<typeof UnfrozenChange>): void {
  const { memory, freezes } = state;
  const now = settleAt(state, change.uptime);
  rememberOrders(state, [usedOrder(change.order)], change.expires);
  memory.confirmed = null;
  for (const [by, freeze] of freezes) if (freeze.until > now) freezes.set(by, { ...freeze, until: now });
  for (const [by, freeze] of memory.ordered) {
    if (freeze.until > now) memory.ordered.set(by, { ...freeze, until: now });
  }
}

/** Every window is charged its whole: nobody knows what the lost memory had signed. */
export function applyRestored(state: PolicyState, { uptime, height }: Infer<typeof RestoredChange>): void {
  const { memory, charter, ledger } = state;
  const since = settleAt(state, uptime);
  const before = memory.restored?.height ?? 0;
  memory.latch = null;
  // A requester may have been ahead of the height that people named.
  const lost = height + memory.ahead;
  memory.restored = { height: Math.max(before, lost), since, nonce: memory.nonce ?? '' };
  for (const [vault, seq] of memory.seen) raise(state, memory.forgiven, vault, seq);
  const last = charter.policy.windows.at(-1);
  if (last !== undefined) addCharge(ledger, since, { amount: last.amount, count: last.count, fee: last.fee });
}
