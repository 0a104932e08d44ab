/** Judges what machines gave signatures and transactions for: whether each was asked for, approved, due, and within its limits. */
import { type Approval, toHex } from '@coldwire/protocol';
import type { Wish } from '../people.ts';
import { type ClearedSpend, type Docket, type Kind, msOfTicks } from './docket.ts';
import { LossJudge } from './loss.ts';
import type { Payment, Span } from './record.ts';
import { type Share, SpendsJudge } from './spends.ts';

/** A coin as it stands in a request. */
export interface Input {
  /** As `txid:vout`. */
  readonly coin: string;
  /** sat, by the request. */
  readonly said: bigint;
  /** sat, by the chain; undefined: the wallet has no such coin. */
  readonly amount: bigint | undefined;
}

/** What a request asks a signature, or a transaction, for. */
export interface Claim {
  /** Of the transaction that it describes; display order. */
  readonly txid: string;
  readonly inputs: readonly Input[];
  /** sat of each output that comes back to us. */
  readonly change: readonly bigint[];
  readonly ids: readonly string[];
  /** As they stand in the request, in the order of the ids. */
  readonly intents: readonly Uint8Array[];
  readonly approvals: readonly Approval[];
}

/** Every transaction takes two of three signers. */
const SIGNERS_SHARE: Share = { of: 2, in: 3 };

interface Limit {
  readonly amount: bigint;
  readonly count: number;
}

export class PaymentsJudge {
  readonly docket: Docket;
  readonly #spends: SpendsJudge;
  readonly #loss: LossJudge;

  constructor(docket: Docket) {
    this.docket = docket;
    this.#spends = new SpendsJudge(docket);
    this.#loss = new LossJudge(docket);
  }

  /** A signer gave signatures. */
  signed(name: string, claim: Claim, span: Span): void {
    const record = this.docket.record(name);
    if (record.frozen.some(({ from, to }) => span.sent > from && span.got < to))
      this.docket.say('frozen', `${name} signed while it was frozen`);
    const isNew = !record.book.has(claim.txid, claim.ids);
    const fresh = this.#judgeClaim(name, claim, span);
    if (isNew) {
      this.#loss.judge(name, claim, span);
      this.#spends.judge(name, claim, span, SIGNERS_SHARE);
      record.signed(claim.txid);
    }
    for (const wish of fresh) {
      if (wish.intent.expires < record.height)
        this.docket.say('expired', `${name} signed ${wish.id}, which had expired`);
      this.#checkRegistration(name, wish, span);
    }
    if (!record.isExcused) this.#checkWindows(name, span, SIGNERS_SHARE);
  }

  /** A gate gave out a transaction. @param by the signers whose signatures it has */
  cleared(spend: ClearedSpend, claim: Claim, span: Span, by: readonly string[]): void {
    for (const name of by) this.docket.record(name).wasSeen(claim.txid);
    const known = this.docket.spends.get(spend.txid) ?? [];
    if (known.some(({ ids }) => ids.join() === spend.ids.join())) return;
    this.docket.spends.set(spend.txid, [...known, spend]);
    const share = { of: 1, in: this.docket.gates.length };
    this.#judgeClaim(spend.gate, claim, span);
    this.#spends.judge(spend.gate, claim, span, share);
    this.#checkWindows(spend.gate, span, share);
  }

  /** @returns the intents that the machine has not seen before; it is charged with them, and with those that it pays anew */
  #judgeClaim(name: string, claim: Claim, span: Span): readonly Wish[] {
    const record = this.docket.record(name);
    const fresh: Wish[] = [];
    const spending = { txid: claim.txid, inputs: claim.inputs.map(({ coin }) => coin) };
    for (const [place, id] of claim.ids.entries()) {
      const wish = this.#checkWish(name, id, claim.intents[place]);
      if (wish === undefined) continue;
      const isKnown = record.known.has(id);
      if (isKnown && !record.book.paysAnew(id, spending)) continue;
      const { amount, requester, script } = wish.intent;
      record.payments.push({ ...span, amount, requester, destination: toHex(script) });
      if (isKnown) continue;
      record.known.add(id);
      fresh.push(wish);
      this.#checkApprovals(name, wish, claim, span);
      if (isIn(record.laxest(span)?.policy.deny ?? [], script))
        this.docket.say('denied', `${name} let ${id} go to a denied destination`);
    }
    return fresh;
  }

  #checkWish(name: string, id: string, bytes: Uint8Array | undefined): Wish | undefined {
    const wish = this.docket.wishes.get(id);
    if (wish === undefined)
      this.docket.say('unasked', `${name} let an intent pass that nobody asked for: ${id}`);
    else if (wish.held) this.docket.say('held', `${name} let an intent pass that the screen holds: ${id}`);
    else if (bytes === undefined || !Buffer.from(wish.signed[0]).equals(bytes))
      this.docket.say(
        'altered',
        `${name} let ${id} pass, which reads otherwise than its requester signed it`,
      );
    return wish;
  }

  /** Enough of the people whom the charter trusts with it have signed, and their signatures were shown. */
  #checkApprovals(name: string, { id, intent }: Wish, { ids, approvals }: Claim, span: Span): void {
    const record = this.docket.record(name);
    const terms = record.laxest(span);
    const tier = terms?.policy.tiers.findLast(({ above }) => intent.amount > above);
    if (terms === undefined || tier === undefined) return;
    const people = terms.requesters.find(({ name: one }) => one === intent.requester)?.people ?? [];
    const said = approvals.flatMap((row) => {
      const yes = this.docket.yeses.get(toHex(row.signature));
      const isOf = yes?.wish === id && ids[row.place] === id && yes.approval.approver === row.approver;
      // A gate follows no chain: its height here is zero.
      return isOf && yes.approval.expires >= record.height ? [row.approver] : [];
    });
    const counted = new Set(said.filter((one) => tier.approvers.includes(one) && !people.includes(one)));
    if (counted.size < tier.approvals)
      this.docket.say(
        'unapproved',
        `${name} let ${id} pass with ${counted.size} of ${tier.approvals} approvals`,
      );
  }

  #checkRegistration(name: string, { id, intent }: Wish, span: Span): void {
    const record = this.docket.record(name);
    const terms = record.laxest(span);
    if (terms === undefined || terms.policy.destinations === 'any') return;
    if (isIn(terms.policy.allow, intent.script)) return;
    const since =
      record.registered.get(`${intent.requester} ${toHex(intent.script)}`) ?? Number.POSITIVE_INFINITY;
    if (span.got - since < msOfTicks(terms.policy.destinationTicks, terms))
      this.docket.say(
        'unregistered',
        `${name} signed ${id} to a destination that is not registered long enough`,
      );
  }

  /** Whatever is within a stretch that no clock can have stretched to a window's length, is within the window. */
  #checkWindows(name: string, span: Span, part: Share): void {
    const record = this.docket.record(name);
    const terms = record.laxest(span);
    const last = record.payments.at(-1);
    if (terms === undefined || last === undefined || last.got !== span.got) return;
    const msOf = (ticks: number): number => this.docket.msOf(name, ticks, terms);
    const check = (kind: Kind, row: Limit, ms: number, of: (one: Payment) => boolean): void => {
      const { amount, count } = within(record.payments, span.got - ms, of);
      const isOver =
        amount * BigInt(part.in) > row.amount * BigInt(part.of) || count * part.in > row.count * part.of;
      if (isOver) this.docket.say(kind, `${name} let ${amount} sat in ${count} intents pass within ${ms} ms`);
    };
    for (const row of terms.policy.windows) check('window', row, msOf(row.ticks), () => true);
    for (const row of terms.policy.velocity) {
      for (const key of new Set(
        record.payments.filter(({ got }) => got === span.got).map((one) => one[row.per]),
      ))
        check('velocity', row, msOf(row.ticks), (one) => one[row.per] === key);
    }
  }
}

const isIn = (list: readonly Uint8Array[], script: Uint8Array): boolean =>
  list.some((one) => Buffer.from(one).equals(script));

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
