/** The judge of single transactions and of lost memory, judged: what breaks a promise is reported, and what breaks none is not. */
import { describe, expect, test } from 'vitest';
import { elsewhere, History, type Planted } from './history.ts';
import type { Wish } from './people.ts';
import { ALLOWED } from './terms.ts';

/** Wishes to as many destinations, so that no velocity window is in the way. */
const spread = (history: History, count: number, amount: bigint): readonly Wish[] =>
  Array.from({ length: count }, (_, place) => {
    const script = ALLOWED[place % ALLOWED.length];
    return history.wish(script === undefined ? { amount } : { amount, script });
  });

const CARRIERS: readonly Planted[] = [
  {
    promise: 'a signature for a second payment from other coins',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.sign('A', [wish], [], { inputs: ['a:0'] });
      history.sign('A', [wish], [], { inputs: ['b:0', 'c:0'] });
    },
  },
  {
    promise: 'one that shares a coin with the second, and not with the first',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      for (const inputs of [['a:0'], ['a:0', 'b:0'], ['b:0']]) history.sign('A', [wish], [], { inputs });
    },
  },
  {
    promise: 'one whose predecessor dies in blocks that this signer has not been shown',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.judge.shown('A', 150);
      history.judge.shown('B', 151);
      history.dead.set('first', 151);
      history.sign('A', [wish], [], { txid: 'first', inputs: ['a:0'] });
      history.sign('A', [wish], [], { inputs: ['b:0'] });
    },
  },
  {
    promise: 'a gate’s second payment, though the first dies later',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.clear('gate-1', 'first', ['a:0'], [wish]);
      history.clear('gate-1', 'second', ['b:0'], [wish]);
      history.dead.set('first', 200);
    },
  },
  {
    promise: 'two gates’ payments of one intent',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.clear('gate-1', 'first', ['a:0'], [wish]);
      history.clear('gate-2', 'second', ['b:0'], [wish]);
    },
  },
  {
    promise: 'a second payment as the answer to what was asked before',
    kind: 'conflict',
    plant: (history) => {
      const wish = history.wish();
      history.sign('A', [wish], [], { inputs: ['a:0'] });
      history.judge.repeated('A', history.claim([wish], [], { inputs: ['b:0'] }), history.span());
    },
  },
  {
    promise: 'a coin that is worth something else',
    kind: 'input',
    plant: (history) => {
      const claim = history.claim([history.wish()]);
      const inputs = claim.inputs.map((input) => ({ ...input, said: input.said - 1n }));
      history.judge.signed('A', { ...claim, inputs }, history.span());
    },
  },
];

/** As many intents within a window as one signer may let pass; the first one's transaction is dead then. */
function fill(history: History): Wish {
  const first = history.wish({ amount: 1_000n });
  history.sign('A', [first], [], { txid: 'first', inputs: ['a:0'] });
  for (const wish of spread(history, 15, 1_000n)) history.sign('A', [wish]);
  history.dead.set('first', 151);
  history.judge.shown('A', 151);
  return first;
}

const CHARGES: readonly Planted[] = [
  {
    promise: 'an intent paid anew in a window that is full',
    kind: 'window',
    plant: (history) => history.sign('A', [fill(history)], [], { inputs: ['b:0'] }),
  },
  {
    promise: 'an intent paid anew beside a dead carrier, from a coin of a later one',
    kind: 'window',
    plant: (history) => {
      const first = fill(history);
      history.sign('A', [first], [], { inputs: ['a:0', 'b:0'] });
      history.sign('A', [first], [], { inputs: ['b:0'] });
    },
  },
];

const FEES: readonly Planted[] = [
  {
    promise: 'a fee above the charter’s',
    kind: 'fee',
    plant: (history) =>
      history.sign('A', spread(history, 2, 700_000n), [], { inputs: ['a:0', 'b:0', 'c:0'], fee: 60_001n }),
  },
  {
    promise: 'a fee above the rate',
    kind: 'fee',
    // 220 vB
    plant: (history) => history.sign('A', spread(history, 2, 700_000n), [], { fee: 44_001n }),
  },
  {
    promise: 'a fee above the share of what is paid',
    kind: 'fee',
    plant: (history) => history.sign('A', [history.wish({ amount: 240_000n })], [], { fee: 12_001n }),
  },
  {
    promise: 'a fee that the inputs do not have',
    kind: 'fee',
    plant: (history) => history.sign('A', [history.wish()], [], { fee: -1n }),
  },
  {
    promise: 'more fees within a window than a signer may',
    kind: 'fee',
    plant: (history) => {
      for (let i = 0; i < 9; i += 1) history.sign('A', [], [], { inputs: [`coin${i}:0`], fee: 31_000n });
    },
  },
  {
    promise: 'more fees within a window than a gate may',
    kind: 'fee',
    plant: (history) => {
      for (let i = 0; i < 7; i += 1)
        history.clear('gate-1', `move${i}`, [`coin${i}:0`], [], { fee: 31_000n });
    },
  },
  {
    promise: 'more than one transaction may pay',
    kind: 'amount',
    plant: (history) => history.sign('A', spread(history, 8, 751_000n)),
  },
];

const BYTES: readonly Planted[] = [
  {
    promise: 'other bytes than the request’s',
    kind: 'bytes',
    plant: (history) =>
      history.clear('gate-1', 'asked', ['a:0'], [history.wish()], { made: { txid: 'given' } }),
  },
  {
    promise: 'bytes that pay somebody else instead',
    kind: 'output',
    plant: (history) => {
      const wish = history.wish();
      const { outputs } = history.make('tx1', [wish]);
      const stolen = { amount: 1n, script: elsewhere(105) };
      history.clear('gate-1', 'tx1', ['a:0'], [wish], { made: { outputs: [...outputs, stolen] } });
    },
  },
  {
    promise: 'bytes that leave out an intent',
    kind: 'output',
    plant: (history) => {
      const wish = history.wish();
      const { outputs } = history.make('tx1', []);
      history.clear('gate-1', 'tx1', ['a:0'], [wish], { made: { outputs } });
    },
  },
  {
    promise: 'bytes that pay one of two twins twice',
    kind: 'output',
    plant: (history) => {
      const wish = history.wish();
      const { outputs } = history.make('tx1', [wish, wish]);
      history.clear('gate-1', 'tx1', ['a:0'], [wish], { made: { outputs } });
    },
  },
  {
    promise: 'bytes with change where money is received',
    kind: 'change',
    plant: (history) => {
      const wish = history.wish();
      const outputs = history
        .make('tx1', [wish])
        .outputs.map((one) => (one.own === 1 ? { ...one, own: 0 } : one));
      history.clear('gate-1', 'tx1', ['a:0'], [wish], { made: { outputs } });
    },
  },
  {
    promise: 'bytes with somebody else’s coin',
    kind: 'input',
    plant: (history) =>
      history.clear('gate-1', 'tx1', ['a:0'], [history.wish()], { made: { inputs: [undefined] } }),
  },
];

const LOSS: readonly Planted[] = [
  {
    promise: 'a signature before a quorum has taken the signer back',
    kind: 'lost',
    plant: (history) => {
      history.setBack('C');
      history.sign('C', [history.wish()]);
    },
  },
  {
    promise: 'one for an intent of before, when all windows have passed',
    kind: 'lost',
    plant: (history) => {
      const wish = history.wish();
      history.setBack('C');
      history.now += 600_000;
      history.sign('C', [wish]);
    },
  },
  {
    promise: 'a move to ourselves before a quorum has taken the signer back',
    kind: 'lost',
    plant: (history) => {
      history.setBack('C');
      history.sign('C', []);
    },
  },
  {
    promise: 'an intent up to the order’s height, and a little above, after it',
    kind: 'lost',
    plant: (history) => {
      history.setBack('C');
      history.restore('C', 120);
      history.now += 600_000;
      history.sign('C', [history.wish({ created: 122 })]);
    },
  },
  {
    promise: 'a new intent before the longest window can have passed',
    kind: 'lost',
    plant: (history) => {
      history.setBack('C');
      history.restore('C', 120);
      history.now += 29_000;
      history.sign('C', [history.wish({ created: 123 })]);
    },
  },
  {
    promise: 'more than a window after that',
    kind: 'window',
    plant: (history) => {
      history.setBack('C');
      history.restore('C', 120);
      history.now += 31_000;
      for (const wish of spread(history, 17, 1_000n).slice(1)) {
        const later = history.wish({ created: 123, script: wish.intent.script, amount: 1_000n });
        history.sign('C', [later]);
      }
      history.sign('C', [history.wish({ created: 123, amount: 1_000n })]);
    },
  },
  {
    promise: 'a second payment after that',
    kind: 'conflict',
    plant: (history) => {
      history.setBack('C');
      history.restore('C', 120);
      history.now += 31_000;
      const wish = history.wish({ created: 123 });
      for (const inputs of [['a:0'], ['b:0']]) history.sign('C', [wish], [], { inputs });
    },
  },
  {
    promise: 'an order to take a signer back, of one custodian',
    kind: 'order',
    plant: (history) => {
      history.setBack('C');
      history.restore('C', 120, 1);
    },
  },
];

describe('each broken promise is reported, and it alone', () => {
  test.each([...CARRIERS, ...CHARGES, ...FEES, ...BYTES, ...LOSS])('$promise: $kind', ({ plant, kind }) => {
    const history = new History();
    plant(history);
    expect(history.verdict()).toEqual([kind]);
  });

  test('more fees than all windows allow in the time that there was', () => {
    const history = new History();
    // Gates keep to their windows by their word; the chain has more than that.
    for (let i = 0; i < 20; i += 1) {
      const spend = { txid: `move${i}`, gate: 'gate-1', ids: [], inputs: [] };
      history.judge.spends.set(spend.txid, [spend]);
      history.mined.push(history.make(spend.txid, [], 45_000n));
    }
    expect(history.verdict()).toEqual(['total']);
  });
});

describe('what breaks no promise is not reported', () => {
  test('a second payment when the first is dead by what the signer was shown', () => {
    const history = new History();
    const wish = history.wish();
    history.sign('A', [wish], [], { txid: 'first', inputs: ['a:0'] });
    history.dead.set('first', 151);
    history.judge.shown('A', 151);
    history.sign('A', [wish], [], { inputs: ['b:0'] });
    expect(history.verdict()).toEqual([]);
  });

  test('a dead transaction replaced by one with a coin of it, in a window that is full', () => {
    const history = new History();
    const first = fill(history);
    for (const inputs of [
      ['a:0', 'b:0'],
      ['a:0', 'c:0'],
    ])
      history.sign('A', [first], [], { inputs });
    expect(history.verdict()).toEqual([]);
  });

  test('two signers’ signatures for payments that share no coin: no gate has two for either', () => {
    const history = new History();
    const wish = history.wish();
    history.sign('A', [wish], [], { inputs: ['a:0'] });
    history.sign('B', [wish], [], { inputs: ['b:0'] });
    expect(history.verdict()).toEqual([]);
  });

  test('fees at their limits, and a replacement as dear as what it replaces allows', () => {
    const history = new History();
    const large = spread(history, 2, 700_000n);
    history.sign('A', large, [], { inputs: ['a:0'], fee: 44_000n });
    history.sign('A', large.slice(0, 1), [], { inputs: ['a:0'], fee: 37_000n });
    history.sign('B', spread(history, 2, 700_000n), [], { inputs: ['b:0', 'c:0', 'd:0'], fee: 60_000n });
    history.sign('C', [history.wish({ amount: 240_000n })], [], { fee: 12_000n });
    expect(history.verdict()).toEqual([]);
  });

  test('an answer of before a freeze, given again to the same request', () => {
    const history = new History();
    const wish = history.wish();
    history.sign('A', [wish]);
    history.judge.froze('A', 'vault-1', history.span(), 100);
    history.judge.repeated('A', history.claim([wish]), history.span());
    expect(history.verdict()).toEqual([]);
  });

  test('a coin’s fee raised again and again: windows are charged the increase', () => {
    const history = new History();
    for (let i = 0; i < 30; i += 1)
      for (const name of ['A', 'B'])
        history.sign(name, [], [], { inputs: ['a:0'], fee: 20_000n + BigInt(i) });
    for (let i = 0; i < 30; i += 1)
      history.clear('gate-1', `move${i}`, ['a:0', 'b:0'], [], { fee: 30_000n + BigInt(i) });
    expect(history.verdict()).toEqual([]);
  });

  test('fees within their windows, with time between', () => {
    const history = new History();
    for (let i = 0; i < 16; i += 1) {
      history.sign('A', [], [], { inputs: [`coin${i}:0`], fee: 31_000n });
      if (i % 8 === 7) history.now += 7_500;
    }
    expect(history.verdict()).toEqual([]);
  });

  test('what was signed before the loss, again; and new intents once the longest window has passed', () => {
    const history = new History();
    const before = history.wish();
    history.sign('C', [before]);
    history.setBack('C');
    history.sign('C', [before]);
    history.restore('C', 120);
    history.sign('C', [before]);
    history.now += 31_000;
    history.sign('C', [history.wish({ created: 123 })]);
    expect(history.verdict()).toEqual([]);
  });
});
