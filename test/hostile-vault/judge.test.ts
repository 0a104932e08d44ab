/** The judge of the hostile vault, judged: each broken promise is planted in a recorded history, and is all that it reports. */
import { describe, expect, test } from 'vitest';
import { custodians, elsewhere, exchange, FIRST, History, type Planted, REGISTERED } from './history.ts';
import { ALLOWED, DENIED } from './terms.ts';

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
    history.dead.set('tx4', 200);
    history.clear('gate-2', 'tx5', ['f:0'], [regrouped]);
    history.mine('tx5', [regrouped]);
    const twins = [history.wish({ amount: 70_000n }), history.wish({ amount: 70_000n })];
    for (const twin of twins) history.clear('gate-1', 'tx6', ['g:0'], [twin]);
    history.mine('tx6', twins.slice(0, 1));
    const large = history.wish({ amount: 900_000n });
    const approvals = ['ann', 'dan'].map((who) => history.approve(large, who));
    history.sign('C', [large], approvals);
    expect(history.verdict()).toEqual([]);
  });

  test('what left is added up from the chain, to destinations and to miners', () => {
    const history = new History();
    history.pay('tx1', [history.wish({ amount: 123_456n }), history.wish({ amount: 1n })]);
    expect(history.judge.audit(history.mined, history.now)).toBe(128_457n);
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

const SIGNING: readonly Planted[] = [
  {
    promise: 'an intent that nobody asked for',
    kind: 'unasked',
    plant: (history) => {
      const claim = { ...history.claim([]), ids: ['ff'.repeat(16)], intents: [new Uint8Array(3)] };
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
      history.judge.shown('A', 200);
      history.judge.shown('B', 200);
      history.dead.set('tx1', 200);
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
      history.alter(() => ({ inputs: [1_190_001n] }));
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
    expect(history.verdict()).toEqual([kind]);
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

  test('a signer of which no gate knows that it was set back is not held to its limits, and to everything else', () => {
    const history = new History();
    history.judge.forgot('A', 1, history.now);
    for (let i = 0; i < 20; i += 1) history.sign('A', [history.wish({ amount: 1_000n })]);
    expect(history.judge.violations).toEqual([]);
    history.sign('A', [history.wish({ held: true })]);
    expect(history.verdict()).toEqual(['held']);
  });
});
