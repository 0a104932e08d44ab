import { displayTxid, serializeStripped, txidOf, type UnsignedTransaction } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { countUnproven } from '../../src/state/unproven.ts';
import { type Coin, sampleCharter, World } from '../world.ts';

const DEEP = 1_008 + sampleCharter().clock.burial + 144;

/** Shows the machine blocks, as many as a message holds at a time. */
function bury(world: World, blocks = DEEP): void {
  const mined = world.mine(blocks);
  for (let from = 0; from < mined.length; from += 150) world.feed(mined.slice(from, from + 150));
}

function setUp(): { world: World; a: Coin; b: Coin } {
  const world = new World();
  const [a, b] = world.fund([5_000_000n, 6_000_000n]);
  if (a === undefined || b === undefined) throw new Error('no coins');
  return { world, a, b };
}

const codes = (world: World, request: Parameters<World['refusals']>[0]) =>
  world.refusals(request).map(([code]) => code);

/** Mines a transaction that the machine approved, and proves it. */
function mineApproved(world: World, request: Parameters<World['approve']>[0]): string {
  const { transaction, txid } = world.approve(request);
  world.pass(1, [txid]);
  world.admitAny({
    transaction: serializeStripped(transaction),
    coins: [],
    proof: world.proofOf(txidOf(transaction)),
  });
  return displayTxid(txid);
}

describe('what can decide nothing any more', () => {
  it('is forgotten when its spend is deep: coin, transaction, and the intent once it has expired', () => {
    const { world, a, b } = setUp();
    const intents = [world.intent()];
    const paid = world.request({ coins: [a], intents, change: [{ amount: 3_990_000n }] });
    mineApproved(world, paid);
    const { coins, transactions, intents: known } = world.state;
    expect([coins.size, transactions.size, known.size]).toEqual([2, 1, 1]);
    const again = world.request({ coins: [b], intents, change: [{ amount: 4_990_000n }], verdicts: [] });
    expect(codes(world, again)).toEqual(['CONFLICT']);
    bury(world);
    expect([coins.size, transactions.size]).toEqual([1, 0]);
    // Past its life as well, by the same margin: what is left of it is nothing, and it is refused at first sight.
    bury(world);
    expect(known.size).toBe(0);
    expect(codes(world, world.request({ coins: [b], intents, change: [{ amount: 4_990_000n }] }))).toContain(
      'EXPIRED',
    );
  });

  it('is kept while the spend is not deep, and the intent while it could still be new', () => {
    const { world, a, b } = setUp();
    const intents = [world.intent()];
    mineApproved(world, world.request({ coins: [a], intents, change: [{ amount: 3_990_000n }] }));
    bury(world, 1_008);
    expect([world.state.coins.size, world.state.transactions.size, world.state.intents.size]).toEqual([
      2, 1, 1,
    ]);
    bury(world, 10);
    expect([world.state.coins.size, world.state.transactions.size, world.state.intents.size]).toEqual([
      1, 0, 1,
    ]);
    const again = world.request({ coins: [b], intents, change: [{ amount: 4_990_000n }], verdicts: [] });
    expect(codes(world, again)).toEqual(['CONFLICT']);
  });

  it.each([
    ['first', ['dead', 'one', 'two']],
    ['between two', ['one', 'dead', 'two']],
    ['last', ['one', 'two', 'dead']],
  ] as const)('is taken from the spenders of a coin that stays, and nobody else is: %s', (_place, order) => {
    const { world, a, b } = setUp();
    const spends = {
      dead: world.request({ coins: [a, b], change: [{ amount: 10_990_000n }] }),
      one: world.request({ coins: [b], change: [{ amount: 5_990_000n, index: 1 }] }),
      two: world.request({ coins: [b], change: [{ amount: 5_980_000n, index: 1 }] }),
    };
    const txids = new Map(order.map((name) => [name, displayTxid(world.approve(spends[name]).txid)]));
    mineApproved(world, world.request({ coins: [a], change: [{ amount: 4_990_000n, index: 2 }] }));
    const spenders = () => world.state.coins.get(`${displayTxid(b.txid)}:${b.vout}`)?.spenders;
    expect(spenders()).toEqual(order.map((name) => txids.get(name)));
    bury(world);
    expect(spenders()).toEqual([txids.get('one'), txids.get('two')]);
  });

  it('takes no coin of what was mined with it, be it that others signed it and none of them was shown in its block', () => {
    const { world, a } = setUp();
    const outcome = world.evaluate(world.request({ coins: [a], change: [{ amount: 4_990_000n, index: 0 }] }));
    if (outcome.kind !== 'approved') throw new Error('it was refused');
    const { transaction, txid } = outcome.spend;
    const shown = { transaction: serializeStripped(transaction), proof: null };
    world.admitAny({ ...shown, coins: [{ vout: 0, wallet: 0, chain: 1, index: 0 }] });
    expect(world.state.parents.has(displayTxid(txid))).toBe(true);
    world.pass(1, [txid]);
    world.admitAny({ ...shown, coins: [], proof: world.proofOf(txidOf(transaction)) });
    bury(world);
    expect(world.state.coins.has(`${displayTxid(a.txid)}:${a.vout}`)).toBe(false);
    expect(world.state.coins.has(`${displayTxid(txid)}:0`)).toBe(true);
  });

  it('takes dead carriers with it, and what descends from them, so that no intent stays stuck', () => {
    const { world, a, b } = setUp();
    const [first, second] = [[world.intent()], [world.intent()]];
    const lost = world.approve(
      world.request({ coins: [a], intents: first, change: [{ amount: 3_990_000n }] }),
    );
    const [change] = world.admitAny({
      transaction: serializeStripped(lost.transaction),
      coins: [{ vout: 1, wallet: 0, chain: 1, index: 0 }],
      proof: null,
    });
    if (change === undefined) throw new Error('no change');
    // A child of what will be lost carries another intent.
    world.approve(
      world.request({ coins: [change], intents: second, change: [{ amount: 2_980_000n, index: 1 }] }),
    );
    mineApproved(world, world.request({ coins: [a], change: [{ amount: 4_980_000n, index: 2 }] }));
    const retry = world.request({
      coins: [b],
      intents: second,
      change: [{ amount: 4_990_000n, index: 3 }],
      verdicts: [],
    });
    expect(codes(world, retry)).toContain('CONFLICT');
    bury(world, 6);
    expect(codes(world, retry)).toEqual([]);
    bury(world, 1_010);
    expect(world.state.transactions.size).toBe(0);
    expect(codes(world, retry)).toEqual([]);
    expect([...world.state.intents.values()].map(({ carriers }) => carriers)).toEqual([[], []]);
    // What nobody paid for so long is asked for anew.
    bury(world, 150);
    expect(world.state.intents.size).toBe(0);
    expect(codes(world, retry)).toContain('EXPIRED');
  });

  it('leaves what was charged, and the limit of change, as they were', () => {
    const { world, a } = setUp();
    const request = world.request({
      coins: [a],
      intents: [world.intent()],
      change: [{ amount: 3_990_000n, index: 4 }],
    });
    const { transaction, txid } = world.approve(request);
    world.pass(1, [txid]);
    const coins = [{ vout: 1, wallet: 0, chain: 1, index: 4 }];
    world.admitAny({ transaction: serializeStripped(transaction), coins, proof: world.proofOf(txid) });
    const totals = [...world.state.ledger.totals];
    const mined = world.state.minedChange.map((rows) => [...rows]);
    bury(world);
    expect(world.state.ledger.totals).toEqual(totals);
    expect(world.state.minedChange).toEqual(mined);
  });
});

/** A transaction that nobody signed, shown as if it were on its way: it pays all to one of our receiving places. */
function makeUp(world: World, from: Coin, index: number): Coin {
  const transaction: UnsignedTransaction = {
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: from.txid, vout: from.vout }, sequence: 0xfffffffd }],
    outputs: [{ amount: from.amount - 1_000n, script: world.script(0, index) }],
  };
  const coins = [{ vout: 0, wallet: 0, chain: 0, index }];
  const [coin] = world.admitAny({ transaction: serializeStripped(transaction), coins, proof: null });
  if (coin === undefined) throw new Error('nothing was admitted');
  return coin;
}

describe('what a vault makes up', () => {
  it.each([1, 2, 5])(
    'in a line of %i keeps no intent and no room once their first coin went home',
    (length) => {
      const { world, a, b } = setUp();
      let last = a;
      for (let place = 0; place < length; place += 1) last = makeUp(world, last, 20 + place);
      const intents = [world.intent()];
      world.approve(world.request({ coins: [last], intents, change: [{ amount: 3_980_000n }] }));
      mineApproved(world, world.request({ coins: [a], change: [{ amount: 5_000_000n - 512n, index: 0 }] }));
      const retry = world.request({ coins: [b], intents, change: [{ amount: 4_990_000n }], verdicts: [] });
      expect(codes(world, retry)).toEqual(['CONFLICT']);
      bury(world, 6);
      expect(codes(world, retry)).toEqual([]);
      bury(world, 1_010);
      expect(codes(world, retry)).toEqual([]);
      expect(world.state.parents.size).toBe(0);
      expect(countUnproven(world.state)).toBe(0);
    },
  );
});

describe('what was mined in a block that lost', () => {
  it('is forgotten with what spends its coins, when its rival is deep', () => {
    const { world, a, b } = setUp();
    const request = world.request({ coins: [a], change: [{ amount: 4_998_000n }] });
    const lost = world.approve(request);
    const home = world.approve(world.request({ coins: [a], change: [{ amount: 5_000_000n - 4_096n }] }));
    world.pass(1, [lost.txid]);
    const [change] = world.admitAny({
      transaction: serializeStripped(lost.transaction),
      coins: [{ vout: 0, wallet: 0, chain: 1, index: 0 }],
      proof: world.proofOf(lost.txid),
    });
    if (change === undefined) throw new Error('no change');
    const intents = [world.intent()];
    world.approve(world.request({ coins: [change], intents, change: [{ amount: 3_988_000n }] }));
    world.rewind(1);
    world.pass(2, [home.txid]);
    world.admit(serializeStripped(home.transaction), [], world.proofOf(home.txid));
    const retry = world.request({ coins: [b], intents, change: [{ amount: 4_990_000n }], verdicts: [] });
    expect(codes(world, retry)).toEqual(['CONFLICT']);
    bury(world, 6);
    expect(codes(world, retry)).toEqual([]);
    bury(world, 1_010);
    expect(codes(world, retry)).toEqual([]);
    expect(world.state.transactions.size).toBe(0);
  });
});
