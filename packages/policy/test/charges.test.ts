/** What an intent is charged when its carriers are dead, or are said to be by blocks that a vault mined by itself. */
import type { Charter, SignedIntent } from '@coldwire/protocol';
import { serializeStripped, txidOf, type UnsignedTransaction } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { applyChange, digestState } from '../src/index.ts';
import { type Coin, sampleCharter, World } from './world.ts';

const AMOUNT = 1_000_000n;

function makeWorld(policy: Partial<Charter['policy']> = {}): { world: World; coins: readonly Coin[] } {
  const charter = sampleCharter();
  const world = new World({ ...charter, policy: { ...charter.policy, ...policy } });
  return { world, coins: world.fund(Array.from({ length: 8 }, () => 5_000_000n)) };
}

/** Pays each intent from these coins. */
function spend(
  world: World,
  coins: readonly (Coin | undefined)[],
  intents: readonly SignedIntent[],
  fee = 10_000n,
) {
  const spent = coins.filter((coin) => coin !== undefined);
  const left = spent.reduce((sum, { amount }) => sum + amount, -BigInt(intents.length) * AMOUNT - fee);
  return world.request({ coins: spent, intents, change: [{ amount: left, index: 0 }] });
}

/** Six blocks, the first of them with a transaction that nobody signed: it spends the coin. */
function rob(world: World, coin: Coin | undefined): void {
  if (coin === undefined) throw new Error('no coin');
  const transaction: UnsignedTransaction = {
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: coin.txid, vout: coin.vout }, sequence: 0 }],
    outputs: [{ amount: 1_000n, script: world.script(0, 8) }],
  };
  const txid = txidOf(transaction);
  world.pass(1, [txid]);
  world.admit(serializeStripped(transaction), [], world.proofOf(txid));
  world.pass(5);
}

const charged = (world: World) => {
  const { amount, count } = world.state.ledger.totals.at(-1) ?? { amount: 0n, count: 0 };
  return [amount, count];
};

describe('an intent whose carriers are dead', () => {
  it('is charged each time that it is paid from other coins, and its journal folds', () => {
    const { world, coins } = makeWorld();
    const intents = [world.intent()];
    for (const [place, coin] of coins.slice(0, 4).entries()) {
      world.approve(spend(world, [coin], intents));
      expect(charged(world)).toEqual([AMOUNT * BigInt(place + 1), place + 1]);
      rob(world, coin);
    }
    const folded = new World(world.loaded.charter);
    for (const change of world.journal) applyChange(folded.state, change);
    expect(digestState(folded.state)).toEqual(digestState(world.state));
  });

  it('is paid no more than every window holds, of all, of its destination and of its requester', () => {
    const row = { ticks: 100, amount: 30_000_000n, count: 3 };
    for (const [policy, code] of [
      [{ windows: [{ ...row, fee: 900_000n }] }, 'COUNT_WINDOW'],
      [{ windows: [{ ...row, count: 90, amount: 3_000_000n, fee: 900_000n }] }, 'AMOUNT_WINDOW'],
      [{ velocity: [{ ...row, per: 'destination' }] }, 'DESTINATION_WINDOW'],
      [{ velocity: [{ ...row, per: 'requester' }] }, 'REQUESTER_WINDOW'],
    ] as const) {
      const { world, coins } = makeWorld(policy);
      const intents = [world.intent({ expires: world.height + 100 })];
      for (const coin of coins.slice(0, 2)) {
        world.approve(spend(world, [coin], intents));
        rob(world, coin);
      }
      expect(world.refusals(spend(world, [coins[2]], intents))).toMatchObject([[code, {}]]);
      world.pass(101);
      expect(world.refusals(spend(world, [coins[2]], intents))).toEqual([]);
    }
  });

  it('is charged once for what pays it anew and all that shares a coin with that', () => {
    const { world, coins } = makeWorld({
      windows: [{ ticks: 100, amount: 3_000_000n, count: 3, fee: 900_000n }],
    });
    const [a, b, c] = coins;
    const intents = [world.intent({ expires: world.height + 100 })];
    const first = spend(world, [a], intents);
    world.approve(first);
    world.approve(spend(world, [a], intents, 12_000n));
    rob(world, a);
    const second = spend(world, [b], intents);
    world.approve(second);
    expect(charged(world)).toEqual([2_000_000n, 2]);
    // The windows are full: bumps pass, and what was approved is approved again.
    world.approve(spend(world, [b], intents, 12_000n));
    world.approve(spend(world, [b, c], intents, 14_000n));
    expect(world.evaluate(second)).toMatchObject({ kind: 'approved', changes: [] });
    expect(charged(world)).toEqual([2_000_000n, 2]);
    rob(world, b);
    expect(world.refusals(spend(world, [c], intents)).map(([code]) => code)).toEqual([
      'AMOUNT_WINDOW',
      'COUNT_WINDOW',
    ]);
    for (const again of [first, second])
      expect(world.evaluate(again)).toMatchObject({ kind: 'approved', changes: [] });
  });

  it('is charged for each of those that could be mined together, though every one shares a coin with the one before', () => {
    const { world, coins } = makeWorld();
    const intents = [world.intent({ expires: world.height + 100 })];
    for (let place = 0; place < 7; place += 1) {
      world.approve(spend(world, coins.slice(place, place + 2), intents));
      // The next one shares a coin with this one, which lives, and none with the one before it.
      if (place > 0) rob(world, coins[place - 1]);
    }
    const paid = [0, 2, 4, 6].length;
    expect(world.state.ledger.totals.at(-1)?.count).toBeGreaterThanOrEqual(paid);
  });

  it('is charged nothing while what pays it shares a coin with every carrier, dead or not', () => {
    const { world, coins } = makeWorld();
    const [a, b, c] = coins;
    const intents = [world.intent()];
    world.approve(spend(world, [a, b], intents));
    rob(world, a);
    world.approve(spend(world, [b, c], intents));
    expect(charged(world)).toEqual([AMOUNT, 1]);
  });

  it('is charged in a batch beside what lives, which is not', () => {
    const { world, coins } = makeWorld();
    const [a, b] = coins;
    const [one, two, three] = [world.intent(), world.intent(), world.intent()];
    world.approve(spend(world, [a], [one]));
    world.approve(spend(world, [b], [two]));
    rob(world, a);
    world.approve(spend(world, [b], [one, two, three], 12_000n));
    expect(charged(world)).toEqual([4_000_000n, 4]);
  });

  it('is charged when none of its carriers is remembered any more', () => {
    const { world, coins } = makeWorld();
    const [a, b] = coins;
    const intents = [world.intent()];
    world.approve(spend(world, [a], intents));
    rob(world, a);
    const blocks = world.mine(1_011);
    for (let from = 0; from < blocks.length; from += 150) world.feed(blocks.slice(from, from + 150));
    expect([...world.state.intents.values()].map(({ carriers }) => carriers)).toEqual([[]]);
    world.approve(spend(world, [b], intents));
    expect(charged(world)).toEqual([2_000_000n, 2]);
  });
});
