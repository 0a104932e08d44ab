/**
 * What may not happen, judged outside the system: from the clock on the wall, from what honest people signed, and from the
 * chain. It asks no program and shares no rule with one. Where it cannot know (how far a machine's clock has come, whether a
 * charter is in force yet) it takes what is laxest, so that whatever it reports is broken.
 */
import type { Register, SignedCharter, SignedOrder } from '@coldwire/protocol';
import { toHex } from '@coldwire/protocol';
import type { Wish, Yes } from '../people.ts';
import { ChainJudge, type MadeTransaction } from './chain.ts';
import { type ClearedSpend, type Deaths, Docket, type Kind, type Violation } from './docket.ts';
import { OrdersJudge } from './orders.ts';
import { type Claim, PaymentsJudge } from './payments.ts';
import type { Lawful, Span, Terms } from './record.ts';

export class Judge {
  readonly #docket: Docket;
  readonly #orders: OrdersJudge;
  readonly #payments: PaymentsJudge;
  readonly #chain: ChainJudge;

  /** @param first the first charter, and its hash */
  constructor(first: Lawful, hash: Uint8Array, signers: readonly string[], isDead: Deaths) {
    this.#docket = new Docket(first, hash, signers, isDead);
    this.#orders = new OrdersJudge(this.#docket);
    this.#payments = new PaymentsJudge(this.#docket);
    this.#chain = new ChainJudge(this.#docket);
  }

  get violations(): readonly Violation[] {
    return this.#docket.violations;
  }

  get spends(): Map<string, ClearedSpend[]> {
    return this.#docket.spends;
  }

  say(kind: Kind, says: string): void {
    this.#docket.say(kind, says);
  }

  start(at: number): void {
    this.#docket.started = at;
  }

  // What honest people signed.

  wished(wish: Wish): void {
    this.#docket.wished(wish);
  }

  approved(yes: Yes): void {
    this.#docket.yeses.set(toHex(yes.approval.signature), yes);
  }

  enacted({ degree, charter }: { degree: number; charter: { hash: Uint8Array; charter: Terms } }): void {
    this.#docket.lawful.set(toHex(charter.hash), { degree, terms: charter.charter });
  }

  // What machines took.

  /** Headers up to there went to a signer, whatever came of it. */
  shown(name: string, height: number): void {
    const record = this.#docket.record(name);
    record.shown = Math.max(record.shown, height);
  }

  /** A signer accepted headers up to there. */
  fed(name: string, height: number): void {
    this.shown(name, height);
    const record = this.#docket.record(name);
    record.height = Math.max(record.height, height);
  }

  /** How many charters it has taken: what {@link forgot} goes back to. */
  charters(name: string): number {
    return this.#docket.record(name).installed.length;
  }

  /** A copy of a signer's memory was made. */
  copied(name: string): void {
    this.#docket.record(name).copied();
  }

  /** An older memory was put back. @param charters that it had taken by then @param at ms */
  forgot(name: string, charters: number, at: number): void {
    this.#docket.record(name).forget(charters, at, this.#docket.wishes.size);
  }

  /** It was never set back: nothing may keep it from signing. */
  isWhole(name: string): boolean {
    return this.#docket.record(name).loss === undefined;
  }

  /** RESTORE was answered by DONE. */
  tookRestore(name: string, order: SignedOrder, span: Span): void {
    this.#orders.tookRestore(name, order, span);
  }

  tookCharter(name: string, charter: SignedCharter, span: Span): void {
    this.#orders.tookCharter(name, charter, span);
  }

  tookRegistration(name: string, body: Register, span: Span): void {
    this.#orders.tookRegistration(name, body, span);
  }

  /** @param tick of the signer's clock, by its own word, before */
  tookOrder(name: string, order: SignedOrder, span: Span, tick: number): void {
    this.#orders.tookOrder(name, order, span, tick);
  }

  /** By no order: the vault's own word. */
  froze(name: string, by: string, span: Span, tick: number): void {
    this.#orders.froze(name, by, span, tick);
  }

  // What machines gave out, and what came of it.

  signed(name: string, claim: Claim, span: Span): void {
    this.#payments.signed(name, claim, span);
  }

  /** What was asked before, under the same id, was answered by signatures: by those of then, or they are judged as any. */
  repeated(name: string, claim: Claim, span: Span): void {
    if (!this.#docket.record(name).book.has(claim.txid, claim.ids)) this.signed(name, claim, span);
  }

  /** @param made its bytes @param by the signers whose signatures it has */
  cleared(gate: string, made: MadeTransaction, claim: Claim, span: Span, by: readonly string[]): void {
    const inputs = claim.inputs.map(({ coin }) => coin);
    this.#payments.cleared({ txid: made.txid, gate, ids: claim.ids, inputs }, claim, span, by);
    this.#chain.checkCleared(gate, made, claim);
  }

  allowed(until: number): bigint {
    return this.#chain.allowed(until);
  }

  /** @returns sat that left */
  audit(mined: Iterable<MadeTransaction>, until: number): bigint {
    return this.#chain.audit(mined, until);
  }
}
