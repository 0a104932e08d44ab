/** Recorded histories for the tests of the judge: what machines gave out and took, made up. */
import {
  type Approval,
  createEd25519Signer,
  encode,
  hashCharter,
  hashOrder,
  hashRegistration,
  Intent,
  Order,
  Registration,
  type SignedCharter,
  type SignedOrder,
  toHex,
} from '@coldwire/protocol';
import { POLICY } from '../world/charter.ts';
import type { MadeTransaction } from './judge/chain.ts';
import type { Kind } from './judge/docket.ts';
import { Judge } from './judge/judge.ts';
import type { Claim } from './judge/payments.ts';
import type { Span, Terms } from './judge/record.ts';
import type { Wish } from './people.ts';
import { ALLOWED, type Degree, policyOf } from './terms.ts';

export const FIRST = new Uint8Array(32).fill(1);
const key = (seed: number) => createEd25519Signer(new Uint8Array(32).fill(seed));
export const exchange = key(50);
export const custodians = ['alice', 'bob', 'carol'].map((name, place) => ({ name, key: key(60 + place) }));
export const elsewhere = (seed: number): Uint8Array =>
  Uint8Array.from([0x00, 0x14, ...new Uint8Array(20).fill(seed)]);
export const REGISTERED = elsewhere(100);

function termsOf(degree: Degree, epoch: number): Terms {
  return {
    epoch,
    policy: { ...POLICY, ...policyOf(degree) },
    clock: { checkpointHeight: 0, checkpoint: new Uint8Array(80), spacing: 1, burial: 3, fresh: 43_200 },
    gates: ['gate-1', 'gate-2'].map((name) => ({ name, key: FIRST, sealKey: FIRST })),
    requesters: [
      { name: 'exchange', keys: [exchange.publicKey], people: ['bea'] },
      { name: 'shop', keys: [key(51).publicKey], people: [] },
    ],
    custodians: custodians.map(({ name, key: own }) => ({
      name,
      group: 'ops',
      key: own.publicKey,
      recipient: 'age1',
    })),
    quorum: 2,
  };
}

/** What a transaction is beside the intents that it pays. */
export interface Shape {
  readonly txid?: string;
  readonly inputs?: readonly string[];
  /** sat */
  readonly fee?: bigint;
}

export const CHANGE = 1_000_000n;

/** A history that breaks nothing, and ways to record more of it. Every request takes 10 ms; the first comes after a minute. */
export class History {
  /** Transactions of which another, mined, has a coin; with the height from which on the chain shows it. */
  readonly dead = new Map<string, number>();
  readonly judge = new Judge({ degree: 1, terms: termsOf(1, 0) }, FIRST, ['A', 'B', 'C'], ({ txid }, tip) => {
    const height = this.dead.get(txid);
    return height !== undefined && height <= tip;
  });
  now = 60_000;
  #ids = 0;
  readonly mined: MadeTransaction[] = [];

  constructor() {
    this.judge.start(this.now);
    for (const name of ['A', 'B', 'C']) this.register(name, REGISTERED);
    this.now += 10_000;
  }

  span(): Span {
    this.now += 11;
    return { sent: this.now - 10, got: this.now };
  }

  wish(change: Partial<Intent> & { held?: boolean } = {}): Wish {
    this.#ids += 1;
    const { held = false, ...fields } = change;
    const id = Uint8Array.from({ length: 16 }, () => this.#ids);
    const intent: Intent = {
      ...{ id, requester: 'exchange', amount: 100_000n, script: ALLOWED[0] ?? FIRST },
      ...{ created: 100, expires: 200 },
      ...fields,
    };
    const bytes = encode(Intent, intent);
    const wish: Wish = {
      id: toHex(intent.id),
      signed: [bytes, new Uint8Array(64)],
      intent,
      hash: FIRST,
      held,
    };
    this.judge.wished(wish);
    return wish;
  }

  /** An approver signs; the signature is as good as any that is like no other. */
  approve(wish: Wish, approver: string, expires = 150, place = 0): Approval {
    const label = new TextEncoder().encode(`${wish.id}${approver}`.padEnd(64).slice(-64));
    const approval = { place, approver, expires, signature: label, touch: null };
    this.judge.approved({ wish: wish.id, approval });
    return approval;
  }

  register(name: string, script: Uint8Array, requester = 'exchange', signer = exchange): void {
    const registration = encode(Registration, { requester, script });
    const signature = signer.sign(hashRegistration(FIRST, registration));
    this.judge.tookRegistration(name, { registration, signature }, this.span());
  }

  /** With change of 1,000,000 sat and, unless it is said otherwise, a fee of 5,000 and one coin for these intents alone. */
  claim(wishes: readonly Wish[], approvals: readonly Approval[] = [], shape: Shape = {}): Claim {
    const ids = wishes.map(({ id }) => id);
    const { inputs = [`coin of ${ids.join()}`], fee = 5_000n } = shape;
    const { txid = `pays ${ids.join()} from ${inputs.join()} for ${fee}` } = shape;
    const worth = wishes.reduce((sum, { intent }) => sum + intent.amount, CHANGE + fee);
    return {
      txid,
      ids,
      intents: wishes.map(({ signed }) => signed[0]),
      approvals,
      inputs: inputs.map((coin, place) => {
        const amount = place === 0 ? worth - BigInt(inputs.length - 1) : 1n;
        return { coin, said: amount, amount };
      }),
      change: [CHANGE],
    };
  }

  sign(name: string, wishes: readonly Wish[], approvals: readonly Approval[] = [], shape: Shape = {}): void {
    this.judge.signed(name, this.claim(wishes, approvals, shape), this.span());
  }

  /** @param by the signers whose signatures it has */
  clear(
    gate: string,
    txid: string,
    inputs: readonly string[],
    wishes: readonly Wish[],
    {
      fee = 5_000n,
      by = [],
      made = {},
    }: { fee?: bigint; by?: readonly string[]; made?: Partial<MadeTransaction> } = {},
  ): void {
    const every = wishes.flatMap((wish, place) =>
      ['ann', 'cat', 'eve'].map((who) => this.approve(wish, who, 150, place)),
    );
    const claim = this.claim(wishes, every, { txid, inputs, fee });
    this.judge.cleared(gate, { ...this.make(txid, wishes, fee), ...made }, claim, this.span(), by);
  }

  /** The bytes of a transaction with change. */
  make(txid: string, wishes: readonly Wish[], fee = 5_000n): MadeTransaction {
    const outputs = wishes.map(({ intent }) => ({ amount: intent.amount, script: intent.script }));
    const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n);
    const change = { amount: CHANGE, script: elsewhere(200), own: 1 };
    return { txid, inputs: [paid + CHANGE + fee], outputs: [...outputs, change] };
  }

  mine(txid: string, wishes: readonly Wish[]): void {
    this.mined.push(this.make(txid, wishes));
  }

  /** The transaction that was mined last was another one. */
  alter(change: (one: MadeTransaction) => Partial<MadeTransaction>): void {
    this.mined.push(...this.mined.splice(-1).map((one) => ({ ...one, ...change(one) })));
  }

  /** The whole way of one payment. */
  pay(txid: string, wishes: readonly Wish[], gate = 'gate-1'): void {
    const shape = { txid, inputs: [`${txid}-coin:0`] };
    for (const name of ['A', 'B']) this.sign(name, wishes, [], shape);
    this.clear(gate, txid, [`${txid}-coin:0`], wishes);
    this.mine(txid, wishes);
  }

  charter(degree: Degree, epoch: number, signers = custodians.slice(0, 2)): SignedCharter {
    const bytes = new TextEncoder().encode(`charter ${epoch} of degree ${degree}`);
    const hash = hashCharter(bytes);
    if (signers.length >= 2)
      this.judge.enacted({ degree, charter: { hash, charter: termsOf(degree, epoch) } });
    return [bytes, signers.map(({ name, key: own }) => [name, own.sign(hash)] as const)];
  }

  order(kind: Order['kind'], signers: number, signer: string | null = null, expires = 150): SignedOrder {
    this.#ids += 1;
    const id = Uint8Array.from({ length: 16 }, () => this.#ids);
    const bytes = encode(Order, { kind, first: FIRST, signer, id, expires });
    const hash = hashOrder(bytes);
    return [bytes, custodians.slice(0, signers).map(({ name, key: own }) => [name, own.sign(hash)] as const)];
  }

  /** A quorum takes a signer back, with all intents up to this height. */
  restore(name: string, height: number, signers = 2): void {
    const id = Uint8Array.from({ length: 16 }, () => 7);
    const bytes = encode(Order, { kind: 'restore', first: FIRST, signer: name, id, expires: 150, height });
    const hash = hashOrder(bytes);
    const row = custodians.slice(0, signers).map(({ name: who, key: own }) => [who, own.sign(hash)] as const);
    this.judge.tookRestore(name, [bytes, row], this.span());
  }

  /** A copy of a signer's memory is made, it signs what a gate sees, and the copy is put back. */
  setBack(name: string): void {
    this.judge.copied(name);
    const wish = this.wish();
    this.sign(name, [wish], [], { txid: 'seen', inputs: ['seen-coin:0'] });
    this.clear('gate-1', 'seen', ['seen-coin:0'], [wish], { by: [name] });
    this.judge.forgot(name, 1, this.now);
  }

  /** What the judge says in the end. */
  verdict(): readonly Kind[] {
    this.judge.audit(this.mined, this.now);
    return this.judge.violations.map(({ kind }) => kind);
  }
}

export interface Planted {
  readonly promise: string;
  readonly kind: Kind;
  plant(history: History): void;
}
