/**
 * What a signer knows of its own memory: whether gates have witnessed it since this start, whether one has seen more of it
 * than its disk holds, and what people have ordered since. Spec: protocol-spec/14-memory.md.
 */
import { INTENT_AHEAD_MAX, taggedHash, toHex } from '@coldwire/protocol';
import type { CharterInForce } from '../charter/load.ts';
import { MILLITICKS } from '../clock/header-tree.ts';

/** A gate has seen what this disk does not hold (STATE_ROLLBACK), or something else in its place (CLONE). */
export type Latch = {
  readonly code: 'STATE_ROLLBACK' | 'CLONE';
  readonly gate: string;
  readonly vault: string;
  /** Numbers of the newest SIGNED to that vault: here, and as the gate has seen it. */
  readonly have: number;
  readonly seen: number;
  /** Milliticks. */
  readonly since: number;
};

/** A quorum took this signer back. */
export type Restoration = {
  /** Intents that were created up to this height (and a little above) may have been signed by what was lost. */
  readonly height: number;
  /** Milliticks: from here on the windows count as spent. */
  readonly since: number;
  /** The start in which it happened, hexadecimal. */
  readonly nonce: string;
};

export type OrderedFreeze = { readonly since: number; readonly until: number };

export type Memory = {
  /** Of this start, hexadecimal; null in a state that no start has asked for. */
  nonce: string | null;
  /** Milliticks at this start. */
  since: number;
  /** Gates of the charter in force that have attested since this start, or need not, sorted. */
  attested: readonly string[];
  /** Height above which an intent was surely created after this start; null before the clock was fresh. */
  born: number | null;
  /** Blocks: the most that any charter which was in force here has let a requester be ahead. */
  ahead: number;
  /** Highest number of a SIGNED that a gate has told of since this start, by vault. */
  readonly seen: Map<string, number>;
  latch: Latch | null;
  restored: Restoration | null;
  /** By vault: numbers up to this one are of a memory that was given up; what gates say of them counts no more. */
  readonly forgiven: Map<string, number>;
  /** Orders that were carried out, by {@link usedOrder}: the height after which they expire. */
  readonly orders: Map<string, number>;
  /** By custodian: the last freeze that was ordered. */
  readonly ordered: Map<string, OrderedFreeze>;
  /** Two custodians at the same time: until a quorum ends it. */
  confirmed: { readonly by: string; readonly since: number } | null;
};

/** @param ahead blocks, of the charter in force */
export function createMemory(ahead: number): Memory {
  return {
    nonce: null,
    since: 0,
    attested: [],
    born: null,
    ahead,
    seen: new Map(),
    latch: null,
    restored: null,
    forgiven: new Map(),
    orders: new Map(),
    ordered: new Map(),
    confirmed: null,
  };
}

/** Gates of the charter in force that have not attested since this start; none in a state without a start. */
export function missingGates(memory: Memory, { charter }: CharterInForce): readonly string[] {
  if (memory.nonce === null) return [];
  return charter.gates.map(({ name }) => name).filter((name) => !memory.attested.includes(name));
}

/** Milliticks of the longest window of the charter, of whatever kind: after so long nothing of before counts in any. */
export function longestWindow({ policy }: CharterInForce): number {
  const rows = [...policy.windows, ...policy.velocity];
  // A charge counts from the next whole tick on.
  return (Math.max(...rows.map(({ ticks }) => ticks)) + 1) * MILLITICKS;
}

/**
 * Gates are missing, but for so long that no window holds anything of before this start: the height above which an intent was
 * surely made after it. Undefined: all have spoken, or it is too early.
 */
export function strictHeight(memory: Memory, charter: CharterInForce, millitick: number): number | undefined {
  if (missingGates(memory, charter).length === 0 || memory.born === null) return undefined;
  return millitick >= memory.since + longestWindow(charter) ? memory.born : undefined;
}

/**
 * Blocks by which an intent that lost memory has signed may be above the height that is known here: the clock may lag by
 * `fresh` seconds, which is twice as many blocks in a fast stretch, and a requester may have been as far ahead as any charter
 * allows, because the one that was in force then may be lost with the rest.
 */
export function birthMargin({ charter }: CharterInForce): number {
  return 2 * Math.ceil(charter.clock.fresh / charter.clock.spacing) + INTENT_AHEAD_MAX;
}

/**
 * Under what an order that was carried out is remembered, hexadecimal. A freeze is each custodian's own: who brings it with
 * fewer signatures than it has must not use up the others.
 * @param hash of the order @param custodian of a freeze
 */
export function usedOrder(hash: Uint8Array, custodian?: string): string {
  return toHex(
    custodian === undefined ? hash : taggedHash('order', hash, new TextEncoder().encode(custodian)),
  );
}
