import { displayTxid } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { type Change, evaluate } from '../../src/index.ts';
import { type Coin, charterAfter, sampleCharter, seeded, signedBy, World } from '../world.ts';

const { intentAhead, intentLife } = sampleCharter().policy;

/** Coins of one transaction, proven in a block. */
function admitted(label: string, rows: readonly (readonly [chain: 0 | 1, index: number])[]): Change {
  const coins = rows.map(([chain, index], vout) => [vout, 1_000n, 0, chain, index] as const);
  const value = {
    txid: seeded(label),
    coinbase: false,
    block: seeded(`block of ${label}`),
    coins,
    parents: [],
  };
  return { kind: 'admitted', value };
}

describe('change that is proven mined', () => {
  it('is kept by its index, ascending, whatever order it comes in, and once for each block', () => {
    const world = new World();
    const changes = [
      admitted('five', [[1, 5]]),
      admitted('two', [
        [1, 2],
        [0, 7],
      ]),
      admitted('nine', [[1, 9]]),
      admitted('three', [[1, 3]]),
      admitted('other five', [[1, 5]]),
    ];
    world.apply(changes);
    const block = (label: string) => displayTxid(seeded(`block of ${label}`));
    const mined = [
      { index: 2, block: block('two') },
      { index: 3, block: block('three') },
      { index: 5, block: block('five') },
      { index: 5, block: block('other five') },
      { index: 9, block: block('nine') },
    ];
    expect(world.state.minedChange).toEqual([mined]);
    world.apply(changes);
    expect(world.state.minedChange).toEqual([mined]);
    expect(world.state.parents.size).toBe(0);
  });
});

describe('an approval', () => {
  const pay = (world: World, coins: readonly Coin[], change: bigint, ...ids: readonly string[]) =>
    world.request({ coins, intents: ids.map((id) => world.intent({ id })), change: [{ amount: change }] });

  it('spreads its fee evenly over its coins, what is left on the first', () => {
    const world = new World();
    const coins = world.fund([1_000_000n, 1_000_000n, 1_000_000n]);
    world.approve(pay(world, coins, 1_999_990n, 'one'));
    expect([...world.state.coins.values()].map(({ feeCovered }) => feeCovered)).toEqual([4n, 3n, 3n]);
  });

  it('remembers until when its intents can have been new', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    world.approve(pay(world, coins, 3_990_000n, 'one'));
    const until = world.height + intentAhead + intentLife;
    expect([...world.state.intents.values()].map((record) => record.until)).toEqual([until]);
  });

  it('of a transaction that is known adds it to the carriers of an intent that another one carries', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const one = world.approve(pay(world, coins, 3_990_000n, 'one'));
    const two = world.approve(pay(world, coins, 3_980_000n, 'two'));
    expect(world.approve(pay(world, coins, 3_990_000n, 'two')).txid).toEqual(one.txid);
    const shown = [one, two].map(({ txid }) => displayTxid(txid));
    const carriers = [...world.state.intents.values()].map((record) => record.carriers);
    expect(carriers).toEqual([[shown[0]], [shown[1], shown[0]]]);
    expect([...world.state.coins.values()].map(({ spenders }) => spenders)).toEqual([shown]);
  });

  it('is of the transaction that was judged and cannot be altered', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const request = pay(world, coins, 3_990_000n, 'one');
    const outcome = evaluate(world.state, request, seeded('hash'), world.now, world.uptime);
    if (outcome.kind !== 'approved') throw new Error('refused');
    const { spend } = outcome;
    expect([spend, spend.transaction, spend.inputs].map(Object.isFrozen)).toEqual([true, true, true]);
    expect(spend.inputs.map(Object.isFrozen)).toEqual([true]);
    expect(spend.requestHash).toEqual(seeded('hash'));
  });
});

describe('a start', () => {
  it('forgets what gates said of the one before', () => {
    const world = new World();
    world.apply([
      { kind: 'attested', value: { gates: ['gate-1'], heads: [] } },
      { kind: 'boot', value: {} },
    ]);
    expect(world.state.memory.attested).toEqual([]);
  });
});

describe('a damaged journal', () => {
  it('is told as one: a charter that holds not together, or that was never installed', () => {
    const world = new World();
    const next = charterAfter(world.loaded, { title: 'Later' });
    const [, signatures] = signedBy(next);
    const value = { uptime: 0, charter: [Uint8Array.of(1), signatures] as const, ticks: 0, revoked: [] };
    expect(() => world.apply([{ kind: 'installed', value }])).toThrow(
      'a journalled charter does not hold together',
    );
    expect(() => world.apply([{ kind: 'enacted', value: { uptime: 0, charter: seeded('x') } }])).toThrow(
      'a charter comes in force that was not installed',
    );
  });
});
