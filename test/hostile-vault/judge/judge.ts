/**
 * What may not happen, judged outside the system: from the clock on the wall, from what honest people signed, and from the
 * chain. It asks no program and shares no rule with one. Where it cannot know (how far a machine's clock has come, whether a
 * charter is in force yet) it takes what is laxest, so that whatever it reports is broken.
 */
import {
  type Approval,
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
import type { Wish, Yes } from '../people.ts';
import { type Lawful, MachineRecord, type Payment, type Span, type Terms } from './record.ts';

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

/** What a request asks a signature, or a transaction, for. */
export interface Claim {
  readonly ids: readonly string[];
  /** As they stand in the request, in the order of the ids. */
  readonly intents: readonly Uint8Array[];
  readonly approvals: readonly Approval[];
}

export interface ClearedSpend {
  readonly txid: string;
  readonly gate: string;
  readonly ids: readonly string[];
  readonly inputs: readonly string[];
}

export interface MinedTransaction {
  readonly txid: string;
  /** Amount of each input that is the wallet's; undefined: of somebody else. */
  readonly inputs: readonly (bigint | undefined)[];
  readonly outputs: readonly {
    readonly amount: bigint;
    readonly script: Uint8Array;
    /** The chain of the wallet's own script: 0 to receive, 1 for change. */
    readonly own?: number;
  }[];
}

/** The least that so many ticks take: half of the spacing buys one, and one may have been saved up. */
const msOfTicks = (ticks: number, { clock }: Terms): number => ((ticks - 1) * clock.spacing * 1000) / 2;

export class Judge {
  readonly violations: Violation[] = [];
  /** Every transaction that a gate gave out; the same one may carry several sets of intents. */
  readonly spends = new Map<string, ClearedSpend[]>();
  readonly #first: Uint8Array;
  readonly #machines: ReadonlyMap<string, MachineRecord>;
  readonly #gates: readonly string[];
  readonly #lawful = new Map<string, Lawful>();
  readonly #wishes = new Map<string, Wish>();
  /** By signature. */
  readonly #yeses = new Map<string, Yes>();
  #started = 0;

  /** @param first the first charter, and its hash */
  constructor(first: Lawful, hash: Uint8Array, signers: readonly string[]) {
    this.#first = hash;
    this.#lawful.set(toHex(hash), first);
    this.#gates = first.terms.gates.map(({ name }) => name);
    this.#machines = new Map(
      [...signers, ...this.#gates].map((name) => [name, new MachineRecord(first, toHex(hash))]),
    );
  }

  say(kind: Kind, says: string): void {
    this.violations.push({ kind, says });
  }

  start(at: number): void {
    this.#started = at;
  }

  // What honest people signed.

  wished(wish: Wish): void {
    this.#wishes.set(wish.id, wish);
  }

  approved(yes: Yes): void {
    this.#yeses.set(toHex(yes.approval.signature), yes);
  }

  enacted({ degree, charter }: { degree: number; charter: { hash: Uint8Array; charter: Terms } }): void {
    this.#lawful.set(toHex(charter.hash), { degree, terms: charter.charter });
  }

  // What machines took.

  #record(name: string): MachineRecord {
    const record = this.#machines.get(name);
    if (record === undefined) throw new Error(`there is no ${name}`);
    return record;
  }

  /** A signer accepted headers up to there. */
  fed(name: string, height: number): void {
    const record = this.#record(name);
    record.height = Math.max(record.height, height);
  }

  /** How many charters it has taken: what {@link forgot} goes back to. */
  charters(name: string): number {
    return this.#record(name).installed.length;
  }

  /** An older memory was put back. @param charters that it had taken by then */
  forgot(name: string, charters: number): void {
    this.#record(name).forget(charters);
  }

  /** CHARTER was answered by DONE. */
  tookCharter(name: string, [bytes, signatures]: SignedCharter, span: Span): void {
    const record = this.#record(name);
    const hash = toHex(hashCharter(bytes));
    if (record.installed.includes(hash)) return;
    const lawful = this.#lawful.get(hash);
    const [before] = [...record.installed].slice(-1).flatMap((one) => this.#lawful.get(one) ?? []);
    if (lawful === undefined || before === undefined) {
      this.say('charter', `${name} took a charter that no quorum has signed`);
      return;
    }
    const signers = honest(before.terms, signatures, hashCharter(bytes));
    if (signers.size < before.terms.quorum)
      this.say('charter', `${name} took a charter with ${signers.size} good signatures`);
    if (lawful.terms.epoch !== before.terms.epoch + 1)
      this.say('charter', `${name} took epoch ${lawful.terms.epoch} after ${before.terms.epoch}`);
    const { loosenTicks } = before.terms.policy;
    const delay = this.#gates.includes(name)
      ? loosenTicks * before.terms.clock.spacing * 1000
      : msOfTicks(loosenTicks, before.terms);
    record.install(lawful, hash, span, delay);
  }

  /** REGISTER was answered by DONE. */
  tookRegistration(name: string, { registration, signature }: Register, { sent, got }: Span): void {
    const record = this.#record(name);
    const read = decodeRegistration(registration);
    const terms = record.laxest({ sent, got });
    const keys = read.ok
      ? (terms?.requesters.find(({ name: one }) => one === read.value.requester)?.keys ?? [])
      : [];
    const hash = hashRegistration(this.#first, registration);
    if (!read.ok || !keys.some((key) => verifyEd25519(key, hash, signature))) {
      this.say('registration', `${name} took a registration that its requester has not signed`);
      return;
    }
    const key = `${read.value.requester} ${toHex(read.value.script)}`;
    if (!record.registered.has(key)) record.registered.set(key, sent);
  }

  /** FREEZE or UNFREEZE with an order was answered by DONE. @param tick of the signer's clock, by its own word, before */
  tookOrder(name: string, [bytes, signatures]: SignedOrder, span: Span, tick: number): void {
    const record = this.#record(name);
    const terms = record.laxest(span);
    const order = decode(Order, bytes);
    if (!order.ok || terms === undefined) {
      this.say('order', `${name} took an order that cannot be read`);
      return;
    }
    const { kind, signer, expires } = order.value;
    const hash = toHex(hashOrder(bytes));
    const names = honest(terms, signatures, hashOrder(bytes));
    const used = record.ordered.get(hash) ?? new Set<string>();
    if (signer !== null && signer !== name) this.say('order', `${name} took an order for ${signer}`);
    if (expires < record.height) this.say('order', `${name} took an order that had expired`);
    if (names.size < (kind === 'freeze' ? 1 : terms.quorum))
      this.say('order', `${name} took ${kind} with ${names.size} good signatures`);
    if (used.size > 0 && [...names].every((one) => used.has(one)) && !record.amnesic)
      this.say('order', `${name} took the same ${kind} twice`);
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
    const record = this.#record(name);
    const terms = record.laxest({ sent: got, got });
    const last = record.froze.get(by);
    record.froze.set(by, tick);
    if (record.amnesic || terms === undefined) return false;
    const { freezeTicks } = terms.policy;
    if (last !== undefined && tick <= last + 2 * freezeTicks + 2) return false;
    record.frozen.push({ from: got, to: got + msOfTicks(freezeTicks, terms), by });
    return true;
  }

  // What machines gave out.

  /** A signer gave signatures. */
  signed(name: string, claim: Claim, span: Span): void {
    const record = this.#record(name);
    if (record.frozen.some(({ from, to }) => span.sent > from && span.got < to))
      this.say('frozen', `${name} signed while it was frozen`);
    const fresh = this.#judgeClaim(name, claim, span);
    for (const wish of fresh) {
      if (wish.intent.expires < record.height)
        this.say('expired', `${name} signed ${wish.id}, which had expired`);
      this.#checkRegistration(name, wish, span);
    }
    if (!record.amnesic) this.#checkWindows(name, span, { of: 2, in: 3 });
  }

  /** A gate gave out a transaction. */
  cleared(spend: ClearedSpend, claim: Claim, span: Span): void {
    const known = this.spends.get(spend.txid) ?? [];
    if (known.some(({ ids }) => ids.join() === spend.ids.join())) return;
    this.spends.set(spend.txid, [...known, spend]);
    this.#judgeClaim(spend.gate, claim, span);
    this.#checkWindows(spend.gate, span, { of: 1, in: this.#gates.length });
  }

  /** @returns the intents that the machine has not seen before, and charges it with them */
  #judgeClaim(name: string, claim: Claim, span: Span): readonly Wish[] {
    const record = this.#record(name);
    const fresh: Wish[] = [];
    for (const [place, id] of claim.ids.entries()) {
      const wish = this.#checkWish(name, id, claim.intents[place]);
      if (wish === undefined || record.known.has(id)) continue;
      record.known.add(id);
      fresh.push(wish);
      this.#checkApprovals(name, wish, claim, span);
      const { intent } = wish;
      if (isIn(record.laxest(span)?.policy.deny ?? [], intent.script))
        this.say('denied', `${name} let ${id} go to a denied destination`);
      const destination = toHex(intent.script);
      record.payments.push({ ...span, amount: intent.amount, requester: intent.requester, destination });
    }
    return fresh;
  }

  #checkWish(name: string, id: string, bytes: Uint8Array | undefined): Wish | undefined {
    const wish = this.#wishes.get(id);
    if (wish === undefined) this.say('unasked', `${name} let an intent pass that nobody asked for: ${id}`);
    else if (wish.held) this.say('held', `${name} let an intent pass that the screen holds: ${id}`);
    else if (bytes === undefined || !Buffer.from(wish.signed[0]).equals(bytes))
      this.say('altered', `${name} let ${id} pass, which reads otherwise than its requester signed it`);
    return wish;
  }

  /** Enough of the people whom the charter trusts with it have signed, and their signatures were shown. */
  #checkApprovals(name: string, { id, intent }: Wish, { ids, approvals }: Claim, span: Span): void {
    const record = this.#record(name);
    const terms = record.laxest(span);
    const tier = terms?.policy.tiers.findLast(({ above }) => intent.amount > above);
    if (terms === undefined || tier === undefined) return;
    const people = terms.requesters.find(({ name: one }) => one === intent.requester)?.people ?? [];
    const said = approvals.flatMap((row) => {
      const yes = this.#yeses.get(toHex(row.signature));
      const isOf = yes?.wish === id && ids[row.place] === id && yes.approval.approver === row.approver;
      // A gate follows no chain: its height here is zero.
      return isOf && yes.approval.expires >= record.height ? [row.approver] : [];
    });
    const counted = new Set(said.filter((one) => tier.approvers.includes(one) && !people.includes(one)));
    if (counted.size < tier.approvals)
      this.say('unapproved', `${name} let ${id} pass with ${counted.size} of ${tier.approvals} approvals`);
  }

  #checkRegistration(name: string, { id, intent }: Wish, span: Span): void {
    const record = this.#record(name);
    const terms = record.laxest(span);
    if (terms === undefined || terms.policy.destinations === 'any') return;
    if (isIn(terms.policy.allow, intent.script)) return;
    const since =
      record.registered.get(`${intent.requester} ${toHex(intent.script)}`) ?? Number.POSITIVE_INFINITY;
    if (span.got - since < msOfTicks(terms.policy.destinationTicks, terms))
      this.say('unregistered', `${name} signed ${id} to a destination that is not registered long enough`);
  }

  /** Whatever is within a stretch that no clock can have stretched to a window's length, is within the window. */
  #checkWindows(name: string, span: Span, part: { readonly of: number; readonly in: number }): void {
    const record = this.#record(name);
    const terms = record.laxest(span);
    const last = record.payments.at(-1);
    if (terms === undefined || last === undefined || last.got !== span.got) return;
    const isGate = this.#gates.includes(name);
    const msOf = (ticks: number): number =>
      isGate ? ticks * terms.clock.spacing * 1000 : msOfTicks(ticks, terms);
    const check = (kind: Kind, row: Limit, ms: number, of: (one: Payment) => boolean): void => {
      const { amount, count } = within(record.payments, span.got - ms, of);
      const isOver =
        amount * BigInt(part.in) > row.amount * BigInt(part.of) || count * part.in > row.count * part.of;
      if (isOver) this.say(kind, `${name} let ${amount} sat in ${count} intents pass within ${ms} ms`);
    };
    for (const row of terms.policy.windows) check('window', row, msOf(row.ticks), () => true);
    for (const row of terms.policy.velocity) {
      for (const key of new Set(
        record.payments.filter(({ got }) => got === span.got).map((one) => one[row.per]),
      ))
        check('velocity', row, msOf(row.ticks), (one) => one[row.per] === key);
    }
  }

  /** What charters let leave until then: the tightest window, refilled as often as it can be, at its laxest each time. */
  allowed(until: number): bigint {
    const gates = this.#gates.map((name) => this.#record(name));
    const rows = gates[0]?.reigns[0]?.terms.policy.windows ?? [];
    const spacing = gates[0]?.reigns[0]?.terms.clock.spacing ?? 1;
    const bounds = rows.map(({ ticks }, place) => {
      let sum = 0n;
      const length = ticks * spacing * 1000;
      for (let sent = this.#started; sent <= until; sent += length) {
        for (const gate of gates)
          sum +=
            (gate.laxest({ sent, got: sent + length })?.policy.windows[place]?.amount ?? 0n) /
            BigInt(gates.length);
      }
      return sum;
    });
    return bounds.reduce((least, bound) => (bound < least ? bound : least));
  }

  /** Reads the chain: all that left went to an intent, once, and the rest came back. @returns sat that left */
  audit(mined: Iterable<MinedTransaction>, until: number): bigint {
    const paid = new Set<string>();
    let left = 0n;
    for (const transaction of mined) {
      const { txid, inputs, outputs } = transaction;
      const own = inputs.filter((amount) => amount !== undefined);
      if (own.length === 0) continue;
      if (own.length !== inputs.length) this.say('input', `${txid} has inputs that are not the wallet's`);
      left += this.#auditOutputs(transaction, paid);
      const out = outputs.reduce((sum, { amount }) => sum + amount, 0n);
      const fee = own.reduce((sum, amount) => sum + amount, 0n) - out;
      if (fee < 0n || fee > this.#highestFee()) this.say('fee', `${txid} has a fee of ${fee} sat`);
    }
    const allowed = this.allowed(until);
    if (left > allowed) this.say('total', `${left} sat left, ${allowed} were allowed`);
    return left;
  }

  /** The outputs are the intents' of one clearing, in any order, and change. */
  #auditOutputs({ txid, outputs }: MinedTransaction, paid: Set<string>): bigint {
    const clearings = this.spends.get(txid) ?? [];
    if (clearings.length === 0) this.say('uncleared', `${txid} was mined and no gate has cleared it`);
    // Twins: several intents of the same amount and destination, of which this pays one.
    const due = new Set(clearings.flatMap(({ ids }) => ids));
    let left = 0n;
    for (const { amount, script, own } of outputs) {
      if (own === 1) continue;
      left += amount;
      const matching = [...due].filter((id) => {
        const intent = this.#wishes.get(id)?.intent;
        return intent?.amount === amount && Buffer.from(intent.script).equals(script);
      });
      const id = matching.find((one) => !paid.has(one)) ?? matching[0];
      if (id === undefined)
        this.say(own === undefined ? 'output' : 'change', `${txid} pays ${amount} sat to nobody who asked`);
      else if (paid.has(id)) this.say('double', `${txid} pays ${id} a second time`);
      else paid.add(id);
      if (id !== undefined) due.delete(id);
    }
    return left;
  }

  #highestFee(): bigint {
    const fees = [...this.#lawful.values()].map(({ terms }) => terms.policy.feeAbsolute);
    return fees.reduce((most, fee) => (fee > most ? fee : most), 0n);
  }

  /** Of all that was cleared for an intent no two can both be mined. */
  checkConflicts(isDead: (txid: string) => boolean): void {
    const carriers = new Map<string, Map<string, ClearedSpend>>();
    for (const spend of [...this.spends.values()].flat()) {
      for (const id of spend.ids) {
        const known = carriers.get(id) ?? new Map();
        carriers.set(id, known.set(spend.txid, spend));
      }
    }
    for (const [id, byTxid] of carriers) {
      const spends = [...byTxid.values()];
      for (const [place, one] of spends.entries()) {
        for (const other of spends.slice(place + 1)) {
          const shared = one.inputs.some((input) => other.inputs.includes(input));
          if (!shared && !isDead(one.txid) && !isDead(other.txid))
            this.say('conflict', `${one.txid} and ${other.txid} both pay ${id} and share no coin`);
        }
      }
    }
  }
}

interface Limit {
  readonly amount: bigint;
  readonly count: number;
}

const isIn = (list: readonly Uint8Array[], script: Uint8Array): boolean =>
  list.some((one) => Buffer.from(one).equals(script));

/** Names of the custodians of a charter whose signatures are good. */
function honest(terms: Terms, signatures: SignedOrder[1], hash: Uint8Array): ReadonlySet<string> {
  const good = signatures.filter(([name, signature]) => {
    const key = terms.custodians.find((one) => one.name === name)?.key;
    return key !== undefined && verifyEd25519(key, hash, signature);
  });
  return new Set(good.map(([name]) => name));
}

/** The sum of payments that cannot have begun before `since`; those of one machine stand in their order. */
function within(
  payments: readonly Payment[],
  since: number,
  of: (one: Payment) => boolean,
): { readonly amount: bigint; readonly count: number } {
  let amount = 0n;
  let count = 0;
  for (let place = payments.length - 1; place >= 0; place -= 1) {
    const payment = payments[place];
    if (payment === undefined || payment.sent < since) break;
    if (!of(payment)) continue;
    amount += payment.amount;
    count += 1;
  }
  return { amount, count };
}
