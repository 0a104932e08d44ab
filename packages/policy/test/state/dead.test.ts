/** What can never be mined, in chains of transactions that no block holds: the same with and without what is known already. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CoinRecord } from '../../src/state/state.ts';
import { type Deaths, isDead } from '../../src/state/view.ts';
import { World } from '../world.ts';

const txidOf = (number: number): string => number.toString(16).padStart(64, '0');
const LOST = txidOf(0xffff_ffff);

/** Counts how often a coin is looked up. */
class CountedCoins extends Map<string, CoinRecord> {
  gets = 0;
  override get(key: string): CoinRecord | undefined {
    this.gets += 1;
    return super.get(key);
  }
}

/** A transaction for each list of parents, by place; −1 is a coin that a buried one spends, −2 one that is mined and there. */
function scene(parents: readonly (readonly number[])[]) {
  const world = new World();
  const [spent, there] = world.fund([1_000_000n, 1_000_000n]);
  if (spent === undefined || there === undefined) throw new Error('no coins');
  const coins = new CountedCoins(world.state.coins);
  const [spentKey = '', thereKey = ''] = [...coins.keys()];
  const coin = coins.get(spentKey);
  const [block] = coin?.blocks ?? [];
  if (coin === undefined || block === undefined) throw new Error('no coin');
  coin.spends.push({ txid: LOST, block });
  world.pass(6);
  for (const [place, list] of parents.entries()) {
    const key = `${txidOf(place)}:0`;
    coins.set(key, { ...coin, key, blocks: [], spends: [], spenders: [] });
    const inputs = list.map((one) => (one < 0 ? [spentKey, thereKey][-1 - one] : `${txidOf(one)}:0`) ?? '');
    world.state.transactions.set(txidOf(place), { inputs, paid: 0n, fee: 0n });
  }
  return { state: { ...world.state, coins }, coins };
}

describe('whether a transaction is dead', () => {
  const history = fc
    .array(fc.array(fc.integer({ min: -2, max: 1_000 }), { minLength: 1, maxLength: 3 }), { maxLength: 12 })
    .map((lists) => lists.map((list, place) => list.map((one) => (one < 0 ? one : (one % (place + 2)) - 2))));

  it('follows from its ancestors, in whatever order they are asked about', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(11)), (parents, order) => {
        const { state } = scene(parents);
        const dead: boolean[] = [];
        for (const list of parents) dead.push(list.some((one) => one === -1 || dead[one] === true));
        const known: Deaths = new Map();
        for (const place of [...order.filter((one) => one < parents.length), ...parents.keys()]) {
          expect(isDead(state, txidOf(place), undefined, known)).toBe(dead[place]);
          expect(isDead(state, txidOf(place))).toBe(dead[place]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['dead', -1, true],
    ['alive', -2, false],
  ] as const)('is found once for many that descend from one long chain: %s', (_, root, expected) => {
    const chain = Array.from({ length: 500 }, (_, place) => [place === 0 ? root : place - 1]);
    const leaves = Array.from({ length: 500 }, () => [499]);
    const { state, coins } = scene([...chain, ...leaves]);
    coins.gets = 0;
    const known: Deaths = new Map();
    for (const place of leaves.keys())
      expect(isDead(state, txidOf(500 + place), undefined, known)).toBe(expected);
    expect(coins.gets).toBeLessThan(4_000);
  });

  it('is found once for each ancestor, though every one is reached by two ways', () => {
    const ladder = Array.from({ length: 40 }, (_, place) => [place === 0 ? -2 : place - 1, place - 1]);
    const { state, coins } = scene([[-2], ...ladder.slice(1)]);
    coins.gets = 0;
    expect(isDead(state, txidOf(39))).toBe(false);
    expect(coins.gets).toBeLessThan(400);
  });
});
