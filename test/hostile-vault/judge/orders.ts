/** Judges what machines took: charters, registrations and orders, each only with the signatures that it needs. */
import {
  decode,
  decodeRegistration,
  hashCharter,
  hashOrder,
  hashRegistration,
  Order,
  type Register,
  type SignedCharter,
  type SignedOrder,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import { type Docket, msOfTicks } from './docket.ts';
import type { Span, Terms } from './record.ts';

export class OrdersJudge {
  readonly docket: Docket;

  constructor(docket: Docket) {
    this.docket = docket;
  }

  /** CHARTER was answered by DONE. */
  tookCharter(name: string, [bytes, signatures]: SignedCharter, span: Span): void {
    const record = this.docket.record(name);
    const hash = toHex(hashCharter(bytes));
    if (record.installed.includes(hash)) return;
    const lawful = this.docket.lawful.get(hash);
    const [before] = [...record.installed].slice(-1).flatMap((one) => this.docket.lawful.get(one) ?? []);
    if (lawful === undefined || before === undefined) {
      this.docket.say('charter', `${name} took a charter that no quorum has signed`);
      return;
    }
    const signers = honest(before.terms, signatures, hashCharter(bytes));
    if (signers.size < before.terms.quorum)
      this.docket.say('charter', `${name} took a charter with ${signers.size} good signatures`);
    if (lawful.terms.epoch !== before.terms.epoch + 1)
      this.docket.say('charter', `${name} took epoch ${lawful.terms.epoch} after ${before.terms.epoch}`);
    const { loosenTicks } = before.terms.policy;
    const delay = this.docket.msOf(name, loosenTicks, before.terms);
    record.install(lawful, hash, span, delay);
  }

  /** REGISTER was answered by DONE. */
  tookRegistration(name: string, { registration, signature }: Register, { sent, got }: Span): void {
    const record = this.docket.record(name);
    const read = decodeRegistration(registration);
    const terms = record.laxest({ sent, got });
    const keys = read.ok
      ? (terms?.requesters.find(({ name: one }) => one === read.value.requester)?.keys ?? [])
      : [];
    const hash = hashRegistration(this.docket.first, registration);
    if (!read.ok || !keys.some((key) => verifyEd25519(key, hash, signature))) {
      this.docket.say('registration', `${name} took a registration that its requester has not signed`);
      return;
    }
    const key = `${read.value.requester} ${toHex(read.value.script)}`;
    if (!record.registered.has(key)) record.registered.set(key, sent);
  }

  /** RESTORE was answered by DONE: a quorum has taken it back. */
  tookRestore(name: string, [bytes, signatures]: SignedOrder, span: Span): void {
    const record = this.docket.record(name);
    const terms = record.laxest(span);
    const order = decode(Order, bytes);
    if (!order.ok || terms === undefined || order.value.kind !== 'restore' || order.value.signer !== name) {
      this.docket.say('order', `${name} was taken back by an order that is not for it`);
      return;
    }
    if (honest(terms, signatures, hashOrder(bytes)).size < terms.quorum)
      this.docket.say('order', `${name} was taken back by fewer than a quorum`);
    record.loss = { kind: 'restored', since: span.sent, height: order.value.height ?? 0 };
  }

  /** FREEZE or UNFREEZE with an order was answered by DONE. @param tick of the signer's clock, by its own word, before */
  tookOrder(name: string, [bytes, signatures]: SignedOrder, span: Span, tick: number): void {
    const record = this.docket.record(name);
    const terms = record.laxest(span);
    const order = decode(Order, bytes);
    if (!order.ok || terms === undefined) {
      this.docket.say('order', `${name} took an order that cannot be read`);
      return;
    }
    const { kind, signer, expires } = order.value;
    const hash = toHex(hashOrder(bytes));
    const names = honest(terms, signatures, hashOrder(bytes));
    const used = record.ordered.get(hash) ?? new Set<string>();
    if (signer !== null && signer !== name) this.docket.say('order', `${name} took an order for ${signer}`);
    if (expires < record.height) this.docket.say('order', `${name} took an order that had expired`);
    if (names.size < (kind === 'freeze' ? 1 : terms.quorum))
      this.docket.say('order', `${name} took ${kind} with ${names.size} good signatures`);
    if (used.size > 0 && [...names].every((one) => used.has(one)) && !record.isAmnesic)
      this.docket.say('order', `${name} took the same ${kind} twice`);
    if (kind === 'unfreeze') {
      record.frozen = record.frozen.map((one) => ({ ...one, to: Math.min(one.to, span.sent) }));
      for (const by of record.froze.keys()) record.froze.set(by, tick);
    }
    const effective = kind === 'freeze' ? [...names].filter((by) => this.froze(name, by, span, tick)) : names;
    record.ordered.set(hash, new Set([...used, ...effective]));
    // Two custodians' at the same time last until a quorum ends them.
    const custodians = new Set(terms.custodians.map((one) => one.name));
    const last = record.frozen.filter(
      ({ by, to }) => to > span.got && by !== undefined && custodians.has(by),
    );
    if (new Set(last.map(({ by }) => by)).size >= 2)
      record.frozen.push({ from: span.got, to: Number.POSITIVE_INFINITY });
  }

  /**
   * A signer took a party's word to stop. It changes nothing before the party has rested from its last one.
   * @returns whether it is certain that it stops the signer
   */
  froze(name: string, by: string, { got }: Span, tick: number): boolean {
    const record = this.docket.record(name);
    const terms = record.laxest({ sent: got, got });
    const last = record.froze.get(by);
    record.froze.set(by, tick);
    if (record.isAmnesic || terms === undefined) return false;
    const { freezeTicks } = terms.policy;
    if (last !== undefined && tick <= last + 2 * freezeTicks + 2) return false;
    record.frozen.push({ from: got, to: got + msOfTicks(freezeTicks, terms), by });
    return true;
  }
}

/** Names of the custodians of a charter whose signatures are good. */
function honest(terms: Terms, signatures: SignedOrder[1], hash: Uint8Array): ReadonlySet<string> {
  const good = signatures.filter(([name, signature]) => {
    const key = terms.custodians.find((one) => one.name === name)?.key;
    return key !== undefined && verifyEd25519(key, hash, signature);
  });
  return new Set(good.map(([name]) => name));
}
