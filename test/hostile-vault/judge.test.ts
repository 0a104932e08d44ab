/** The judge of the hostile vault, judged: each broken promise is planted in a recorded history, and is all that it reports. */
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
import { describe, expect, test } from 'vitest';
import { POLICY } from '../world/charter.ts';
import type { MinedTransaction } from './judge/chain.ts';
import type { Kind } from './judge/docket.ts';
import { Judge } from './judge/judge.ts';
import type { Claim } from './judge/payments.ts';
import type { Span, Terms } from './judge/record.ts';
import type { Wish } from './people.ts';
import { ALLOWED, DENIED, type Degree, policyOf } from './terms.ts';

const FIRST = new Uint8Array(32).fill(1);
const key = (seed: number) => createEd25519Signer(new Uint8Array(32).fill(seed));
const exchange = key(50);
const custodians = ['alice', 'bob', 'carol'].map((name, place) => ({ name, key: key(60 + place) }));
const elsewhere = (seed: number): Uint8Array =>
  Uint8Array.from([0x00, 0x14, ...new Uint8Array(20).fill(seed)]);
const REGISTERED = elsewhere(100);

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

/** A history that breaks nothing, and ways to record more of it. Every request takes 10 ms; the first comes after a minute. */
class History {
  readonly judge = new Judge({ degree: 1, terms: termsOf(1, 0) }, FIRST, ['A', 'B', 'C']);
  now = 60_000;
  #ids = 0;
  readonly mined: MinedTransaction[] = [];

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

  claim(wishes: readonly Wish[], approvals: readonly Approval[] = []): Claim {
    return { ids: wishes.map(({ id }) => id), intents: wishes.map(({ signed }) => signed[0]), approvals };
  }

  sign(name: string, wishes: readonly Wish[], approvals: readonly Approval[] = []): void {
    this.judge.signed(name, this.claim(wishes, approvals), this.span());
  }

  clear(gate: string, txid: string, inputs: readonly string[], wishes: readonly Wish[]): void {
    const ids = wishes.map(({ id }) => id);
    const every = wishes.flatMap((wish, place) =>
      ['ann', 'cat', 'eve'].map((who) => this.approve(wish, who, 150, place)),
    );
    this.judge.cleared({ txid, gate, ids, inputs }, this.claim(wishes, every), this.span());
  }

  /** Mined with change and a fee of 5,000 sat. */
  mine(txid: string, wishes: readonly Wish[]): void {
    const outputs = wishes.map(({ intent }) => ({ amount: intent.amount, script: intent.script }));
    const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n);
    const change = { amount: 1_000_000n, script: elsewhere(200), own: 1 };
    this.mined.push({ txid, inputs: [paid + 1_005_000n], outputs: [...outputs, change] });
  }

  /** The transaction that was mined last was another one. */
  alter(change: (one: MinedTransaction) => Partial<MinedTransaction>): void {
    this.mined.push(...this.mined.splice(-1).map((one) => ({ ...one, ...change(one) })));
  }

  /** The whole way of one payment. */
  pay(txid: string, wishes: readonly Wish[], gate = 'gate-1'): void {
    for (const name of ['A', 'B']) this.sign(name, wishes);
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

  /** What the judge says in the end. @param dead transactions of which another has a coin */
  verdict(dead: readonly string[] = []): readonly Kind[] {
    this.judge.checkConflicts((txid) => dead.includes(txid));
    this.judge.audit(this.mined, this.now);
    return this.judge.violations.map(({ kind }) => kind);
  }
}

describe('a history that breaks no promise', () => {
  test('payments, a bump, a dead one, a twin, approvals and registered destinations are passed', () => {
    const history = new History();
    history.pay('tx1', [history.wish(), history.wish({ script: REGISTERED })]);
    const bumped = history.wish();
    history.sign('A', [bumped]);
    history.clear('gate-2', 'tx2', ['c:1'], [bumped]);
    history.clear('gate-2', 'tx3', ['c:1', 'd:0'], [bumped]);
    history.mine('tx3', [bumped]);
    const regrouped = history.wish();
    history.clear('gate-2', 'tx4', ['e:0'], [regrouped]);
    history.clear('gate-2', 'tx5', ['f:0'], [regrouped]);
    history.mine('tx5', [regrouped]);
    const twins = [history.wish({ amount: 70_000n }), history.wish({ amount: 70_000n })];
    for (const twin of twins) history.clear('gate-1', 'tx6', ['g:0'], [twin]);
    history.mine('tx6', twins.slice(0, 1));
    const large = history.wish({ amount: 900_000n });
    const approvals = ['ann', 'dan'].map((who) => history.approve(large, who));
    history.sign('C', [large], approvals);
    expect(history.verdict(['tx4'])).toEqual([]);
  });

  test('what left is added up from the chain', () => {
    const history = new History();
    history.pay('tx1', [history.wish({ amount: 123_456n }), history.wish({ amount: 1n })]);
    expect(history.judge.audit(history.mined, history.now)).toBe(123_457n);
    expect(history.judge.violations).toEqual([]);
  });

  test('a stricter charter counts at once, a laxer one when its delay can be over', () => {
    const history = new History();
    const large = history.wish({ amount: 1_000_000n });
    const laxer = history.charter(2, 1);
    history.judge.tookCharter('A', laxer, history.span());
    history.now += 5_600;
    history.sign('A', [large]);
    history.judge.tookCharter('A', history.charter(0, 2), history.span());
    const middling = history.wish({ amount: 700_000n });
    history.sign(
      'A',
      [middling],
      ['ann', 'eve'].map((who) => history.approve(middling, who)),
    );
    history.judge.tookCharter('A', laxer, history.span());
    expect(history.verdict()).toEqual([]);
  });

  test('a freeze that has lapsed or was ended keeps nothing back', () => {
    const history = new History();
    history.judge.tookOrder('A', history.order('freeze', 1), history.span(), 100);
    history.now += 4_600;
    history.sign('A', [history.wish()]);
    history.judge.tookOrder('B', history.order('freeze', 2), history.span(), 100);
    history.now += 60_000;
    history.judge.tookOrder('B', history.order('unfreeze', 2), history.span(), 180);
    history.sign('B', [history.wish()]);
    expect(history.verdict()).toEqual([]);
  });
});

interface Planted {
  readonly promise: string;
  readonly kind: Kind;
  plant(history: History): void;
}

const SIGNING: readonly Planted[] = [
  {
    promise: 'an intent that nobody asked for',
    kind: 'unasked',
    plant: (history) => {
      const claim = { ids: ['ff'.repeat(16)], intents: [new Uint8Array(3)], approvals: [] };
      history.judge.signed('A', claim, history.span());
    },
  },
  {
    promise: 'an intent that reads otherwise than it was signed',
    kind: 'altered',
    plant: (history) => {
      const claim = history.claim([history.wish()]);
      const intents = claim.intents.map((bytes) => bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte)));
      history.judge.signed('A', { ...claim, intents }, history.span());
    },
  },
  {
    promise: 'an intent that the screen holds',
    kind: 'held',
    plant: (history) => history.sign('A', [history.wish({ held: true })]),
  },
  {
    promise: 'an intent that has expired by what the signer was shown',
    kind: 'expired',
    plant: (history) => {
      history.judge.fed('A', 201);
      history.sign('A', [history.wish()]);
    },
  },
  {
    promise: 'a large intent without approvals',
    kind: 'unapproved',
    plant: (history) => history.sign('A', [history.wish({ amount: 900_000n })]),
  },
  {
    promise: 'approvals of one person, of somebody who asked, and of another intent',
    kind: 'unapproved',
    plant: (history) => {
      const [wish, other] = [history.wish({ amount: 900_000n }), history.wish({ amount: 900_001n })];
      const ann = history.approve(wish, 'ann');
      const wrong = [ann, history.approve(wish, 'bea'), history.approve(other, 'cat')];
      history.sign('A', [wish], [...wrong, { ...ann, approver: 'eve' }]);
    },
  },
  {
    promise: 'an approval after its height',
    kind: 'unapproved',
    plant: (history) => {
      const wish = history.wish({ amount: 900_000n });
      history.judge.fed('A', 151);
      history.sign('A', [wish], [history.approve(wish, 'ann'), history.approve(wish, 'cat', 151)]);
    },
  },
  {
    promise: 'an approval of somebody whom a stricter charter removed',
    kind: 'unapproved',
    plant: (history) => {
      history.judge.tookCharter('A', history.charter(0, 1), history.span());
      const wish = history.wish({ amount: 900_000n });
      history.sign(
        'A',
        [wish],
        ['ann', 'dan'].map((who) => history.approve(wish, who)),
      );
    },
  },
  {
    promise: 'a destination that nobody registered',
    kind: 'unregistered',
    plant: (history) => history.sign('A', [history.wish({ script: elsewhere(101) })]),
  },
  {
    promise: 'a destination that another requester registered',
    kind: 'unregistered',
    plant: (history) => history.sign('A', [history.wish({ script: REGISTERED, requester: 'shop' })]),
  },
  {
    promise: 'a destination before its delay can be over',
    kind: 'unregistered',
    plant: (history) => {
      history.register('A', elsewhere(102));
      history.now += 4_400;
      history.sign('A', [history.wish({ script: elsewhere(102) })]);
    },
  },
  {
    promise: 'a destination that this signer was not shown',
    kind: 'unregistered',
    plant: (history) => {
      history.register('B', elsewhere(103));
      history.now += 60_000;
      history.sign('A', [history.wish({ script: elsewhere(103) })]);
    },
  },
  {
    promise: 'a denied destination',
    kind: 'denied',
    plant: (history) => {
      const script = DENIED[0] ?? FIRST;
      history.register('A', script);
      history.now += 60_000;
      history.sign('A', [history.wish({ script })]);
    },
  },
  {
    promise: 'more within a window than a signer may',
    kind: 'window',
    plant: (history) => {
      for (let i = 0; i < 16; i += 1)
        history.sign('A', [history.wish({ amount: 1_000n, script: ALLOWED[i % 6] ?? FIRST })]);
    },
  },
  {
    promise: 'more to one destination than a signer may',
    kind: 'velocity',
    plant: (history) => {
      for (let i = 0; i < 6; i += 1) history.sign('A', [history.wish({ amount: 790_000n })]);
    },
  },
  {
    promise: 'what only the charter before a stricter one allowed',
    kind: 'unapproved',
    plant: (history) => {
      history.judge.tookCharter('A', history.charter(0, 1), history.span());
      history.sign('A', [history.wish({ amount: 500_000n })]);
    },
  },
  {
    promise: 'what only a laxer charter allows, before its delay can be over',
    kind: 'unapproved',
    plant: (history) => {
      history.judge.tookCharter('A', history.charter(2, 1), history.span());
      history.now += 5_400;
      history.sign('A', [history.wish({ amount: 1_000_000n })]);
    },
  },
  {
    promise: 'a signature during a custodian’s freeze',
    kind: 'frozen',
    plant: (history) => {
      history.judge.tookOrder('A', history.order('freeze', 1), history.span(), 100);
      history.now += 4_400;
      history.sign('A', [history.wish()]);
    },
  },
  {
    promise: 'a signature during the vault’s own freeze',
    kind: 'frozen',
    plant: (history) => {
      history.judge.froze('A', 'vault-1', history.span(), 100);
      history.sign('A', [history.wish()]);
    },
  },
  {
    promise: 'a signature long after two custodians froze and nobody ended it',
    kind: 'frozen',
    plant: (history) => {
      history.judge.tookOrder('A', history.order('freeze', 2), history.span(), 100);
      history.now += 600_000;
      history.sign('A', [history.wish()]);
    },
  },
];

const PEOPLE: readonly Planted[] = [
  {
    promise: 'a charter that no quorum signed',
    kind: 'charter',
    plant: (history) => {
      history.judge.tookCharter('A', history.charter(2, 1, custodians.slice(0, 1)), history.span());
    },
  },
  {
    promise: 'a charter with signatures taken away',
    kind: 'charter',
    plant: (history) => {
      const [bytes, signatures] = history.charter(2, 1);
      history.judge.tookCharter('gate-1', [bytes, signatures.slice(0, 1)], history.span());
    },
  },
  {
    promise: 'a charter before the one that it follows',
    kind: 'charter',
    plant: (history) => history.judge.tookCharter('A', history.charter(0, 2), history.span()),
  },
  {
    promise: 'a registration with another one’s signature',
    kind: 'registration',
    plant: (history) => history.register('A', elsewhere(104), 'shop', exchange),
  },
  {
    promise: 'the end of a freeze by one custodian',
    kind: 'order',
    plant: (history) => history.judge.tookOrder('A', history.order('unfreeze', 1), history.span(), 100),
  },
  {
    promise: 'an order twice',
    kind: 'order',
    plant: (history) => {
      const order = history.order('unfreeze', 2);
      for (const tick of [100, 200]) history.judge.tookOrder('A', order, history.span(), tick);
    },
  },
  {
    promise: 'an order for another signer',
    kind: 'order',
    plant: (history) => history.judge.tookOrder('A', history.order('freeze', 1, 'B'), history.span(), 100),
  },
  {
    promise: 'an order after its height',
    kind: 'order',
    plant: (history) => {
      history.judge.fed('A', 151);
      history.judge.tookOrder('A', history.order('freeze', 1), history.span(), 100);
    },
  },
];

const CHAIN: readonly Planted[] = [
  {
    promise: 'more within a window than a gate may',
    kind: 'window',
    plant: (history) => {
      for (let i = 0; i < 7; i += 1)
        history.clear(
          'gate-1',
          `tx${i}`,
          [`c:${i}`],
          [history.wish({ amount: 900_000n, script: ALLOWED[i % 6] ?? FIRST })],
        );
    },
  },
  {
    promise: 'a second payment of one intent',
    kind: 'double',
    plant: (history) => {
      const wish = history.wish();
      // Cleared and mined twice: the coins differ, but the first was said to be dead.
      history.pay('tx1', [wish]);
      history.pay('tx2', [wish]);
    },
  },
  {
    promise: 'an output to nobody',
    kind: 'output',
    plant: (history) => {
      history.pay('tx1', [history.wish()]);
      const stolen = { amount: 90_000n, script: elsewhere(105) };
      history.alter(({ outputs }) => ({ inputs: [1_195_000n], outputs: [...outputs, stolen] }));
    },
  },
  {
    promise: 'change that goes to where money is received',
    kind: 'change',
    plant: (history) => {
      history.pay('tx1', [history.wish()]);
      const misplaced = { amount: 1_000_000n, script: elsewhere(200), own: 0 };
      history.alter(({ outputs }) => ({ outputs: [...outputs.slice(0, -1), misplaced] }));
    },
  },
  {
    promise: 'a fee above the charter’s',
    kind: 'fee',
    plant: (history) => {
      history.pay('tx1', [history.wish()]);
      history.alter(() => ({ inputs: [2_000_000n] }));
    },
  },
  {
    promise: 'an input that is somebody else’s',
    kind: 'input',
    plant: (history) => {
      history.pay('tx1', [history.wish()]);
      history.alter(({ inputs }) => ({ inputs: [...inputs, undefined] }));
    },
  },
  {
    promise: 'two transactions for one intent that could both be mined',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.clear('gate-1', 'tx8', ['a:0'], [wish]);
      history.clear('gate-2', 'tx9', ['b:0', 'c:0'], [wish]);
    },
  },
];

describe('each broken promise is reported, and it alone', () => {
  test.each([...SIGNING, ...PEOPLE, ...CHAIN])('$promise: $kind', ({ plant, kind }) => {
    const history = new History();
    history.pay('tx0', [history.wish({ script: ALLOWED[5] ?? FIRST })]);
    plant(history);
    // The second of a double payment was told that the first is dead, so that the chain alone shows it.
    expect(history.verdict(kind === 'double' ? ['tx1'] : [])).toEqual([kind]);
  });

  test('a transaction that no gate cleared pays nobody who may be paid', () => {
    const history = new History();
    history.mine('tx1', [history.wish()]);
    expect(history.verdict()).toEqual(['uncleared', 'output']);
  });

  test('more than all windows allow in the time that there was', () => {
    const history = new History();
    const start = history.now;
    // Both gates keep to their windows by their word; the chain has more than that.
    for (let i = 0; i < 30; i += 1) {
      const wish = history.wish({ amount: 700_000n });
      history.judge.spends.set(`tx${i}`, [{ txid: `tx${i}`, gate: 'gate-1', ids: [wish.id], inputs: [] }]);
      history.mine(`tx${i}`, [wish]);
    }
    history.judge.start(start);
    expect(history.verdict()).toEqual(['total']);
  });

  test('a signer whose memory was set back is not held to its limits, and to everything else', () => {
    const history = new History();
    history.judge.forgot('A', 1);
    for (let i = 0; i < 20; i += 1) history.sign('A', [history.wish({ amount: 1_000n })]);
    expect(history.judge.violations).toEqual([]);
    history.sign('A', [history.wish({ held: true })]);
    expect(history.verdict()).toEqual(['held']);
  });
});
