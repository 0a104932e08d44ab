/**
 * What a hostile vault with nothing but its own keys can make a signer remember of one coin, of one intent, and of coins that no
 * block holds: a bounded number, and the way home stays open whatever was signed before.
 */
import type { Charter, SignRequest } from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COIN_LEAST } from '../../src/index.ts';
import { SPENDS_MAX } from '../../src/rules/limit.ts';
import { countUnproven, UNPROVEN_MAX } from '../../src/state/unproven.ts';
import { type Coin, sampleCharter, World } from '../world.ts';

const VALUE = 5_000_000n;
/** feeAbsolute ÷ 64, rounded up: 100,000 sat in the sample. */
const STEP = 1_563n;

function setUp(policy: Partial<Charter['policy']> = {}): { world: World; a: Coin; b: Coin } {
  const charter = sampleCharter();
  const world = new World({ ...charter, policy: { ...charter.policy, feeRate: 1_000_000_000, ...policy } });
  const [a, b] = world.fund([VALUE, VALUE]);
  if (a === undefined || b === undefined) throw new Error('no coins');
  return { world, a, b };
}

/** Our own coins to ourselves: nobody else's signature is asked for. */
const move = (world: World, coins: readonly Coin[], fee: bigint, index = 1, locktime = 0): SignRequest =>
  world.request({
    coins,
    change: [{ amount: BigInt(coins.length) * VALUE - fee, index }],
    locktime,
  });

/** As many as are free, without any fee: they differ in their locktime. */
function fill(world: World, coin: Coin, spends = SPENDS_MAX): void {
  for (let number = 0; number < spends; number++) world.approve(move(world, [coin], 0n, 1, number));
}
const refused = (what: string, got = SPENDS_MAX + 1, limit = SPENDS_MAX) => [
  ['LIMIT', { what, got: `${got}`, limit: `${limit}` }],
];

describe('a coin with as many signed spends as may live', () => {
  it('is spent once more by what costs a step more than each of them, and by what was signed', () => {
    const { world, a, b } = setUp();
    world.approve(move(world, [a], 500n));
    for (let number = 1; number < SPENDS_MAX - 1; number++) world.approve(move(world, [a], 0n, 1, number));
    // The last that is free.
    expect(world.refusals(move(world, [a], 0n, 2))).toEqual([]);
    world.approve(move(world, [a, b], 0n));
    expect(world.refusals(move(world, [a], 0n, 2))).toEqual(refused('spends'));
    expect(world.refusals(move(world, [a], 500n + STEP - 1n))).toEqual(refused('spends'));
    expect(world.refusals(move(world, [a], 500n + STEP))).toEqual([]);
    expect(world.refusals(move(world, [a], 0n, 1, 7))).toEqual([]);
    // The other coin has one spend only.
    expect(world.refusals(move(world, [b], 0n, 2))).toEqual([]);
    expect(world.refusals(move(world, [b, a], 0n, 2))).toEqual(refused('spends'));
  });

  it('goes home alone, to change index 0, for a power of two, at whatever signer and after whatever was signed', () => {
    const { world, a, b } = setUp();
    fill(world, a);
    world.approve(move(world, [a], 100_000n));
    expect(world.refusals(move(world, [a], 100_000n, 2))).toEqual(refused('spends', SPENDS_MAX + 2));
    for (const fee of [1n, 512n, 65_536n]) expect(world.refusals(move(world, [a], fee, 0))).toEqual([]);
    const not: readonly SignRequest[] = [
      move(world, [a], 0n, 0),
      move(world, [a], 513n, 0),
      move(world, [a], 512n, 1),
      move(world, [a], 512n, 0, 1),
      move(world, [a, b], 512n, 0),
      world.request({ coins: [a], change: [{ amount: 1_000_000n }, { amount: VALUE - 1_000_512n }] }),
      world.request({
        coins: [a],
        intents: [world.intent({ amount: 1_000_000n })],
        change: [{ amount: VALUE - 1_000_512n }],
      }),
    ];
    for (const request of not) expect(world.refusals(request)).toEqual(refused('spends', SPENDS_MAX + 2));
  });

  it('goes home even if it is the smallest that is admitted', () => {
    const { world, a } = setUp();
    const [small] = world.fund([COIN_LEAST]);
    if (small === undefined) throw new Error('no coin');
    const spend = (fee: bigint, locktime: number, index = 1) =>
      world.request({ coins: [small], change: [{ amount: COIN_LEAST - fee, index }], locktime });
    for (let number = 1; number < SPENDS_MAX; number++) world.approve(spend(0n, number));
    const dear = 100_000n;
    world.approve(
      world.request({ coins: [small, a], change: [{ amount: VALUE + COIN_LEAST - dear, index: 1 }] }),
    );
    expect(world.refusals(spend(0n, 0))).toEqual(refused('spends'));
    // 1.6 and 3.2 sat/vB of some 160 vB.
    for (const fee of [256n, 512n]) expect(world.refusals(spend(fee, 0, 0))).toEqual([]);
  });

  it('frees its intents once it is home: all that would have spent it is dead', () => {
    const { world, a, b } = setUp();
    const intent = world.intent();
    const pay = (coin: Coin, fee: bigint) =>
      world.request({ coins: [coin], intents: [intent], change: [{ amount: VALUE - 1_000_000n - fee }] });
    world.approve(pay(a, 1n));
    fill(world, a, SPENDS_MAX - 1);
    expect(world.refusals(pay(b, 1n)).map(([code]) => code)).toEqual(['CONFLICT']);
    const home = world.approve(move(world, [a], 1_024n, 0));
    world.pass(1, [home.txid]);
    world.admitAny({
      transaction: serializeStripped(home.transaction),
      coins: [],
      proof: world.proofOf(home.txid),
    });
    world.pass(5);
    expect(world.refusals(pay(b, 1n))).toEqual([]);
    const deep = world.mine(1_008 + 144);
    for (let from = 0; from < deep.length; from += 150) world.feed(deep.slice(from, from + 150));
    expect([world.state.coins.size, world.state.transactions.size]).toEqual([1, 0]);
  });

  it('does not count what is dead', () => {
    const { world, a, b } = setUp();
    for (let number = 0; number < SPENDS_MAX; number++) world.approve(move(world, [a, b], 0n, 1, number));
    expect(world.refusals(move(world, [a], 0n))).toEqual(refused('spends'));
    const home = world.approve(move(world, [b], 1_024n, 0));
    world.pass(1, [home.txid]);
    world.admitAny({
      transaction: serializeStripped(home.transaction),
      coins: [],
      proof: world.proofOf(home.txid),
    });
    world.pass(4);
    expect(world.refusals(move(world, [a], 0n))).toEqual(refused('spends'));
    world.pass(1);
    expect(world.refusals(move(world, [a], 0n))).toEqual([]);
  });
});

describe('a coin that no block holds yet', () => {
  it('has room again where what would have spent it is dead, as one that is mined', () => {
    const { world, a, b } = setUp();
    const { transaction } = world.approve(move(world, [b], 0n, 1));
    const [unmined] = world.admitAny({
      transaction: serializeStripped(transaction),
      coins: [{ vout: 0, wallet: 0, chain: 1, index: 1 }],
      proof: null,
    });
    if (unmined === undefined) throw new Error('no change');
    for (let number = 0; number < SPENDS_MAX; number++)
      world.approve(move(world, [a, unmined], 0n, 2, number));
    expect(world.refusals(move(world, [unmined], 0n, 2))).toEqual(refused('spends'));
    const home = world.approve(move(world, [a], 1_024n, 0));
    world.pass(1, [home.txid]);
    const proof = world.proofOf(home.txid);
    world.admitAny({ transaction: serializeStripped(home.transaction), coins: [], proof });
    world.pass(5);
    expect(world.refusals(move(world, [unmined], 0n, 2))).toEqual([]);
  });
});

describe('what could never be mined, because a coin of it is spent by what is buried', () => {
  function withSpent(): ReturnType<typeof setUp> {
    const scene = setUp();
    const { world, b } = scene;
    const home = world.approve(move(world, [b], 1_024n, 0));
    world.pass(1, [home.txid]);
    const transaction = serializeStripped(home.transaction);
    world.admitAny({ transaction, coins: [], proof: world.proofOf(home.txid) });
    world.pass(5);
    return scene;
  }

  it('counts with all of its coins, dead or not, and takes no room of what can be mined', () => {
    const { world, a, b } = withSpent();
    for (let number = 0; number < SPENDS_MAX - 1; number++) world.approve(move(world, [a, b], 0n, 1, number));
    expect(world.refusals(move(world, [a, b], 0n, 2))).toEqual(refused('spends'));
    world.approve(move(world, [a, b], 1_024n + STEP));
    expect(world.refusals(move(world, [a, b], 1_024n + STEP, 2))).toEqual(refused('spends', SPENDS_MAX + 2));
    expect(world.refusals(move(world, [b], 0n, 2))).toEqual(refused('spends', SPENDS_MAX + 2));
    expect(world.refusals(move(world, [a, b], 0n, 1, 7))).toEqual([]);
    fill(world, a);
    expect(world.refusals(move(world, [a], 0n, 2))).toEqual(refused('spends'));
    expect(world.refusals(move(world, [a], STEP, 2))).toEqual([]);
  });

  it('so does what spends a coin of a dead transaction', () => {
    const { world, a, b } = setUp();
    const { transaction } = world.approve(move(world, [b], 0n));
    const claims = [{ vout: 0, wallet: 0, chain: 1, index: 1 }];
    const [child] = world.admitAny({
      transaction: serializeStripped(transaction),
      coins: claims,
      proof: null,
    });
    const home = world.approve(move(world, [b], 1_024n, 0));
    if (child === undefined) throw new Error('no coin');
    for (let number = 0; number < SPENDS_MAX; number++) world.approve(move(world, [a, child], 0n, 1, number));
    world.pass(1, [home.txid]);
    const proven = serializeStripped(home.transaction);
    world.admitAny({ transaction: proven, coins: [], proof: world.proofOf(home.txid) });
    world.pass(5);
    expect(world.refusals(move(world, [a, child], 0n, 2))).toEqual(refused('spends'));
    expect(world.refusals(move(world, [a], 0n, 2))).toEqual([]);
  });

  it('and with all carriers of its intents', () => {
    const { world, a, b } = withSpent();
    const intent = world.intent();
    const pay = (coins: readonly Coin[], locktime: number) => {
      const change = [{ amount: BigInt(coins.length) * VALUE - 1_000_000n, index: 1 }];
      return world.request({ coins, intents: [intent], change, locktime });
    };
    world.approve(pay([a], 0));
    for (let number = 1; number < SPENDS_MAX; number++) world.approve(pay([a, b], number));
    expect(world.refusals(pay([a, b], 99))).toEqual([...refused('spends'), ...refused('carriers')]);
    expect(world.refusals(pay([a], 99))).toEqual([]);
  });
});

describe('an intent with as many carriers as may live', () => {
  it('is carried once more by what costs a step more, also with coins that have few spends', () => {
    const { world, a, b } = setUp();
    const intent = world.intent();
    const pay = (coins: readonly Coin[], fee: bigint, locktime = 0) =>
      world.request({
        coins,
        intents: [intent],
        change: [{ amount: BigInt(coins.length) * VALUE - 1_000_000n - fee }],
        locktime,
      });
    for (let number = 0; number < SPENDS_MAX - 1; number++) world.approve(pay([a], 0n, number));
    expect(world.refusals(pay([a, b], 0n))).toEqual([]);
    world.approve(pay([a, b], 1n));
    expect(world.refusals(pay([a, b], 0n))).toEqual([...refused('spends'), ...refused('carriers')]);
    expect(world.refusals(pay([a, b], STEP))).toEqual([...refused('spends'), ...refused('carriers')]);
    expect(world.refusals(pay([a, b], 1n + STEP))).toEqual([]);
    expect(world.refusals(pay([a, b], 1n))).toEqual([]);
  });
});

describe('what spends a coin without a proof', () => {
  it('counts with such coins', () => {
    const { world, a } = setUp();
    const { transaction } = world.approve(move(world, [a], 0n));
    const claims = [{ vout: 0, wallet: 0, chain: 1, index: 1 }];
    const [coin] = world.admitAny({
      transaction: serializeStripped(transaction),
      coins: claims,
      proof: null,
    });
    if (coin === undefined) throw new Error('no coin');
    expect(countUnproven(world.state)).toBe(1);
    world.approve(move(world, [coin], 1n));
    expect(countUnproven(world.state)).toBe(2);
    // As many inputs of transactions that were made up.
    const room = UNPROVEN_MAX - 3;
    world.state.parents.set(
      '00'.repeat(32),
      Array.from({ length: room }, () => coin.txid.join()),
    );
    expect(world.refusals(move(world, [coin], 2n))).toEqual([]);
    world.state.parents.set('11'.repeat(32), ['one more']);
    expect(world.refusals(move(world, [coin], 2n))).toEqual(
      refused('unproven', UNPROVEN_MAX + 1, UNPROVEN_MAX),
    );
    expect(world.refusals(move(world, [coin], 1n))).toEqual([]);
    expect(world.refusals(move(world, [a], 2n))).toEqual([]);
  });

  it('and so do remembered inputs of transactions without any coin of ours', () => {
    const { world, a } = setUp();
    const inputs = [{ outpoint: { txid: a.txid, vout: a.vout }, sequence: 0xfffffffd }];
    const outputs = [{ amount: 1_000n, script: world.script(0, 1) }];
    const transaction = serializeStripped({ version: 2, locktime: 0, inputs, outputs });
    world.admitAny({ transaction, coins: [], proof: null });
    expect([world.state.parents.size, countUnproven(world.state)]).toEqual([1, 1]);
  });
});

describe('whatever a vault has signed of two coins, in whatever order', () => {
  type Try = { readonly coins: readonly boolean[]; readonly fee: bigint; readonly index: number };
  const attempt: fc.Arbitrary<Try> = fc.record({
    coins: fc.constantFrom([true, false], [false, true], [true, true]),
    fee: fc.oneof(fc.constant(0n), fc.bigInt(0n, 12_800n), fc.constantFrom(1n, 2n, 4n, 4_096n)),
    index: fc.nat(3),
  });

  it('each has at most 64, 64 dearer ones, and one for each power of two', () => {
    const feeAbsolute = 6_400n;
    fc.assert(
      fc.property(fc.array(attempt, { minLength: 300, maxLength: 300 }), (tries) => {
        const { world, a, b } = setUp({ feeAbsolute });
        let locktime = 0;
        for (const { coins, fee, index } of tries) {
          const spent = [a, b].filter((_, place) => coins[place]);
          const outcome = world.evaluate(move(world, spent, fee, index, index === 0 ? 0 : locktime++));
          if (outcome.kind === 'approved') world.apply(outcome.changes);
        }
        for (const { spenders } of world.state.coins.values()) {
          expect(spenders.length).toBeGreaterThanOrEqual(SPENDS_MAX);
          expect(spenders.length).toBeLessThanOrEqual(2 * SPENDS_MAX + 13);
        }
        const home = world.refusals(move(world, [a], 4_096n, 0)).map(([code]) => code);
        expect(home).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });
});
