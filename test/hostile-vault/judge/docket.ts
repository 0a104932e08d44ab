/** What the judge knows: what honest people signed, each machine's record, what gates gave out; and what was broken. */
import { toHex } from '@coldwire/protocol';
import type { Wish, Yes } from '../people.ts';
import { type Lawful, MachineRecord, type Terms } from './record.ts';

export const KINDS = [
  'unasked',
  'altered',
  'held',
  'expired',
  'unapproved',
  'unregistered',
  'denied',
  'frozen',
  'window',
  'velocity',
  'charter',
  'order',
  'registration',
  'conflict',
  'uncleared',
  'double',
  'output',
  'change',
  'input',
  'fee',
  'amount',
  'bytes',
  'lost',
  'total',
  'answer',
  'stuck',
  'program',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Violation {
  readonly kind: Kind;
  readonly says: string;
}

export interface ClearedSpend {
  readonly txid: string;
  readonly gate: string;
  readonly ids: readonly string[];
  readonly inputs: readonly string[];
}

/** Whether a transaction can never be mined, as a chain of this height shows it. */
export type Deaths = (
  spend: { readonly txid: string; readonly inputs: readonly string[] },
  tip: number,
) => boolean;

/** The least that so many ticks take: half of the spacing buys one, and one may have been saved up. */
export const msOfTicks = (ticks: number, { clock }: Terms): number =>
  ((ticks - 1) * clock.spacing * 1000) / 2;

export class Docket {
  readonly violations: Violation[] = [];
  /** Hash of the first charter. */
  readonly first: Uint8Array;
  readonly gates: readonly string[];
  /** Charters that a quorum has signed, by hash. */
  readonly lawful = new Map<string, Lawful>();
  readonly wishes = new Map<string, Wish>();
  readonly #places = new Map<string, number>();
  /** By signature. */
  readonly yeses = new Map<string, Yes>();
  /** Every transaction that a gate gave out; the same one may carry several sets of intents. */
  readonly spends = new Map<string, ClearedSpend[]>();
  started = 0;
  readonly isDead: Deaths;
  readonly #machines: ReadonlyMap<string, MachineRecord>;

  constructor(first: Lawful, hash: Uint8Array, signers: readonly string[], isDead: Deaths) {
    this.first = hash;
    this.isDead = isDead;
    this.lawful.set(toHex(hash), first);
    this.gates = first.terms.gates.map(({ name }) => name);
    this.#machines = new Map(
      [...signers, ...this.gates].map((name) => [name, new MachineRecord(first, toHex(hash))]),
    );
  }

  wished(wish: Wish): void {
    this.#places.set(wish.id, this.wishes.size);
    this.wishes.set(wish.id, wish);
  }

  /** How many intents were signed before this one. */
  placeOf(id: string): number {
    return this.#places.get(id) ?? this.wishes.size;
  }

  /** The least that so many ticks take by a machine's clock: a gate counts seconds of its own. */
  msOf(name: string, ticks: number, terms: Terms): number {
    return this.gates.includes(name) ? ticks * terms.clock.spacing * 1000 : msOfTicks(ticks, terms);
  }

  say(kind: Kind, says: string): void {
    this.violations.push({ kind, says });
  }

  record(name: string): MachineRecord {
    const record = this.#machines.get(name);
    if (record === undefined) throw new Error(`there is no ${name}`);
    return record;
  }
}
