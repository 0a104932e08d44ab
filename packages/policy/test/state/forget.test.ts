/** What is forgotten, to the last block: rows that are made up, above a chain that is deep enough. */
import { toHex } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { bestAt } from '../../src/clock/header-tree.ts';
import {
  createPolicyState,
  type PolicyRow,
  type PolicyState,
  snapshotRows,
  takeRow,
} from '../../src/index.ts';
import { prune } from '../../src/state/prune.ts';
import { tipHeight } from '../../src/state/view.ts';
import { seeded, World } from '../world.ts';

const world = new World();
// The tip is the first block of a round.
const blocks = world.mine(8 * 144 - (world.height % 144));
for (let from = 0; from < blocks.length; from += 150) world.feed(blocks.slice(from, from + 150));
const headers = [...snapshotRows(world.state)].filter(({ kind }) => kind === 'headers');
const id = (label: string): string => toHex(seeded(label));
/** Confirmations at which a block is deep: six of burial, and a week. */
const DEEP = 6 + 1_008;

let state: PolicyState;
beforeEach(() => {
  state = createPolicyState(world.loaded, noblePointMath);
  for (const row of headers) takeRow(state, row);
});
/** The block with so many confirmations. */
function block(confirmations: number): string {
  const node = bestAt(state.tree, tipHeight(state) - confirmations + 1);
  if (node === undefined) throw new Error('the chain is not so long');
  return node.id;
}

type Coin = Extract<PolicyRow, { kind: 'coin' }>['value'];
function coin(label: string, change: Partial<Coin> = {}, vout = 0): string {
  const value = {
    txid: seeded(label).toReversed(),
    vout,
    amount: 1n,
    wallet: 0,
    chain: 0,
    index: 0,
  } as const;
  const lists = { blocks: [block(1_010)], spends: [], spenders: [] };
  takeRow(state, { kind: 'coin', value: { ...value, coinbase: false, feeCovered: 0n, ...lists, ...change } });
  return `${id(label)}:${vout}`;
}
function transaction(label: string, ...inputs: readonly (readonly [label: string, vout: number])[]): void {
  const rows = inputs.map(([name, vout]) => [id(name), vout] as const);
  takeRow(state, { kind: 'transaction', value: { txid: id(label), inputs: rows, paid: 1n, fee: 1n } });
}
function parent(label: string, ...inputs: readonly (readonly [label: string, vout: number])[]): void {
  const rows = inputs.map(([name, vout]) => [id(name), vout] as const);
  takeRow(state, { kind: 'parent', value: { txid: id(label), inputs: rows } });
}
function intent(label: string, until: number, ...carriers: readonly string[]): void {
  const value = { id: id(label).slice(0, 32), hash: id('hash'), carriers: carriers.map(id), until };
  takeRow(state, { kind: 'intent', value });
}
const forget = (): void => prune(state, tipHeight(state) - 1);
const known = (): readonly string[] => [...state.coins.keys()];

describe('a round', () => {
  it('is made when a multiple of 144 blocks is reached, and not between', () => {
    expect(tipHeight(state) % 144).toBe(0);
    coin('a', { spends: [[id('x'), block(DEEP)]] });
    prune(state, tipHeight(state));
    prune(state, tipHeight(state) + 143);
    expect(known()).toHaveLength(1);
    prune(state, tipHeight(state) - 1);
    expect(known()).toEqual([]);
  });
});

describe('a spent coin', () => {
  it('is forgotten when its spend is deep, and not a block before', () => {
    const kept = coin('a', { spends: [[id('x'), block(DEEP - 1)]] });
    coin('b', {
      spends: [
        [id('x'), block(5)],
        [id('y'), block(DEEP)],
      ],
    });
    forget();
    expect(known()).toEqual([kept]);
  });

  it('takes what would have spent it with it: out of coins, transactions and carriers; what is mined stays a carrier', () => {
    coin('a', { spends: [[id('x'), block(DEEP)]], spenders: [id('x'), id('y')] });
    const other = coin('b', { spenders: [id('z'), id('y'), id('w')] });
    transaction('x', ['a', 0]);
    transaction('y', ['a', 0], ['b', 0], ['gone', 0]);
    transaction('z', ['b', 0]);
    transaction('w', ['b', 0]);
    intent('one', tipHeight(state), 'y', 'x', 'y');
    intent('two', tipHeight(state), 'z');
    forget();
    expect(known()).toEqual([other]);
    expect(state.coins.get(other)?.spenders).toEqual([id('z'), id('w')]);
    expect([...state.transactions.keys()]).toEqual([id('z'), id('w')]);
    expect([...state.intents.values()].map(({ carriers }) => carriers)).toEqual([[id('x')], [id('z')]]);
  });

  it('takes the coins of what would have spent it, and what would have spent those, and nobody else’s', () => {
    coin('a', { spends: [[id('x'), block(DEEP)]] });
    parent('x', ['a', 0]);
    parent('dead', ['elsewhere', 0], ['a', 0]);
    parent('alive', ['elsewhere', 0]);
    const mined = coin('x', { blocks: [block(3)] });
    coin('dead', { blocks: [], spenders: [id('heir')] });
    coin('heir', { blocks: [] });
    const proven = coin('dead', { blocks: [block(3)] }, 1);
    const alive = coin('alive', { blocks: [] });
    transaction('heir', ['dead', 0]);
    transaction('own', ['alive', 0]);
    forget();
    expect(known()).toEqual([mined, proven, alive]);
    expect([...state.transactions.keys()]).toEqual([id('own')]);
  });

  it('takes what was remembered of those that would have spent it, down a whole line of them', () => {
    coin('a', { spends: [[id('x'), block(DEEP)]] });
    parent('made up', ['a', 0]);
    coin('made up', { blocks: [] });
    parent('child', ['made up', 0], ['made up', 1]);
    coin('child', { blocks: [] }, 5);
    parent('grandchild', ['child', 5]);
    coin('grandchild', { blocks: [], spenders: [id('last')] });
    transaction('last', ['grandchild', 0]);
    intent('stuck', tipHeight(state), 'last');
    forget();
    expect(known()).toEqual([]);
    expect([state.parents.size, state.transactions.size]).toEqual([0, 0]);
    expect([...state.intents.values()].map(({ carriers }) => carriers)).toEqual([[]]);
  });

  it('takes coins that only a block which lost held, and nothing that spends a coin of the best branch', () => {
    coin('a', { spends: [[id('x'), block(DEEP)]] });
    transaction('lost', ['a', 0]);
    parent('lost', ['a', 0]);
    coin('lost', { blocks: [id('a block of another branch')], spenders: [id('heir')] });
    transaction('heir', ['lost', 0]);
    const there = coin('lost', { blocks: [id('a block of another branch'), block(3)] }, 1);
    parent('own', ['lost', 1]);
    const own = coin('own', { blocks: [] });
    forget();
    expect(known()).toEqual([there, own]);
    expect([...state.transactions.keys()]).toEqual([]);
  });

  it('takes a line of a thousand in the time that their number asks for', () => {
    coin('a', { spends: [[id('x'), block(DEEP)]] });
    parent('line 0', ['a', 0]);
    // The youngest stand first: each turn through all of them would find one more.
    for (let place = 1_000; place > 0; place -= 1) {
      parent(`line ${place}`, [`line ${place - 1}`, 0]);
      coin(`line ${place}`, { blocks: [] });
    }
    coin('line 0', { blocks: [] });
    const coins = state.coins.values.bind(state.coins);
    let turns = 0;
    state.coins.values = () => {
      turns += 1;
      return coins();
    };
    forget();
    expect(known()).toEqual([]);
    expect(state.parents.size).toBe(0);
    expect(turns).toBeLessThan(5);
  });
});

describe('an intent', () => {
  it('is forgotten a week after it can last have been new, unless something open carries it', () => {
    const now = tipHeight(state);
    intent('over', now - 1_009);
    intent('last', now - 1_008);
    intent('open', now - 1_009, 'x', 't');
    transaction('t', ['a', 0]);
    forget();
    expect([...state.intents.keys()]).toEqual(['last', 'open'].map((label) => id(label).slice(0, 32)));
  });
});

describe('inputs of what was not mined', () => {
  it('are forgotten when all of its coins are deep, or gone', () => {
    parent('deep', ['e', 0]);
    parent('half', ['e', 0]);
    parent('shallow', ['e', 0]);
    parent('open', ['e', 0]);
    parent('gone', ['e', 0]);
    coin('deep', { blocks: [block(3), block(DEEP)] });
    coin('half', { blocks: [block(DEEP)] });
    coin('half', { blocks: [block(DEEP - 1)] }, 1);
    coin('shallow', { blocks: [block(DEEP - 1)] });
    coin('open', { blocks: [] });
    forget();
    expect([...state.parents.keys()]).toEqual(['half', 'shallow', 'open'].map(id));
  });
});

describe('mined change', () => {
  const indexes = (
    ...rows: readonly (readonly [index: number, confirmations: number])[]
  ): readonly number[] => {
    for (const [index, confirmations] of rows)
      takeRow(state, { kind: 'mined', value: [0, index, block(confirmations)] });
    forget();
    return state.minedChange.flatMap((mined) => mined.map(({ index }) => index));
  };

  it('is kept from the highest index that is deep', () => {
    expect(indexes([2, DEEP], [5, DEEP], [7, 3], [9, DEEP - 1])).toEqual([5, 7, 9]);
  });

  it('is kept whole where none is deep, or the lowest alone', () => {
    expect(indexes([2, DEEP - 1], [5, 3])).toEqual([2, 5]);
    state.minedChange[0]?.splice(0);
    expect(indexes([2, DEEP], [5, 3])).toEqual([2, 5]);
  });
});
