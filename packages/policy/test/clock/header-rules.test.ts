/** What a header must be to follow another, on headers that are made up: nothing is hashed here. */
import type { ClockNetwork } from '@coldwire/protocol/clock/networks.ts';
import { CLOCK_NETWORKS, PERIOD, PERIOD_SECONDS } from '@coldwire/protocol/clock/networks.ts';
import { targetOf, workOf } from '@coldwire/protocol/clock/work.ts';
import type { BlockHeader } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { checkHeader, medianTime, requiredBits, retarget } from '../../src/clock/check-header.ts';
import {
  addNode,
  bestAt,
  createTree,
  findBest,
  type HeaderNode,
  type HeaderTree,
  makeNode,
  tipOf,
} from '../../src/clock/header-tree.ts';
import { seeded } from '../world.ts';

const START = 1_700_000_000;
const EASY = 0x1d00ffff;
const { mainnet, testnet4, regtest } = CLOCK_NETWORKS;

/** The hash is zero unless a number is given: it meets every target. */
const made = (time: number, bits: number, hash: Uint8Array = new Uint8Array(32)): BlockHeader => ({
  version: 1,
  previous: new Uint8Array(32),
  merkleRoot: new Uint8Array(32),
  time,
  bits,
  nonce: 0,
  hash,
});

const rootAt = (height: number, time = START, bits = EASY): HeaderNode =>
  tipOf(createTree(made(time, bits), height));

/** Headers of these times above a root. */
function above(root: HeaderNode, times: readonly number[], bits = EASY): HeaderNode {
  return times.reduce((node, time) => makeNode(made(time, bits), node), root);
}

describe('the median of eleven times', () => {
  it('is that of the eleven last ones in the order of their size, not of their coming', () => {
    const times = [1, 9, 2, 11, 4, 10, 3, 8, 5, 7, 6].map((minute) => START + 60 * minute);
    const [first = 0, ...rest] = times;
    expect(medianTime(above(rootAt(0, first), rest))).toBe(START + 60 * 6);
    // Twelve: the first one is forgotten.
    expect(medianTime(above(rootAt(0, first), [...rest, START + 60 * 100]))).toBe(START + 60 * 7);
    expect(medianTime(above(rootAt(0, first), [...rest, START]))).toBe(START + 60 * 6);
  });

  it('is not known of ten', () => {
    expect(
      medianTime(
        above(
          rootAt(0),
          Array.from({ length: 9 }, (_, i) => START + i),
        ),
      ),
    ).toBeUndefined();
    expect(
      medianTime(
        above(
          rootAt(0),
          Array.from({ length: 10 }, (_, i) => START + i),
        ),
      ),
    ).toBe(START + 4);
  });
});

describe('proof of work', () => {
  it('is a hash of at most the target', () => {
    const parent = rootAt(0);
    const target = targetOf(EASY) ?? 0n;
    const hashOf = (value: bigint): Uint8Array =>
      Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    const check = (value: bigint) => checkHeader(made(START + 600, EASY, hashOf(value)), mainnet, parent);
    expect([0n, target].map(check)).toEqual([undefined, undefined]);
    expect(check(target + 1n)).toBe('HEADER_WORK');
  });

  it('is with the bits that are asked for, and no others', () => {
    const parent = rootAt(0);
    expect(checkHeader(made(START + 600, 0x1d00fffe), mainnet, parent)).toBe('HEADER_WORK');
    expect(checkHeader(made(START + 600, EASY), mainnet, parent)).toBeUndefined();
    expect(checkHeader(made(START + 600, EASY), regtest, parent)).toBe('HEADER_WORK');
  });

  it('is asked for with bits that are a target', () => {
    const nonsense: ClockNetwork = { ...regtest, limitBits: 0 };
    expect(checkHeader(made(START + 600, 0), nonsense, rootAt(0))).toBe('HEADER_WORK');
  });
});

describe('a target', () => {
  const last = (network: ClockNetwork, first: number, bits: number, seconds: number): number => {
    // The checkpoint is the first of its period, as a charter's is.
    const root = rootAt(0, START, first);
    const times = Array.from({ length: PERIOD - 1 }, (_, i) =>
      i === PERIOD - 2 ? START + seconds : START + i,
    );
    return requiredBits(network, above(root, times, bits), START + seconds + 600);
  };

  it('stays what it is when a period takes two weeks, and follows it up to a quarter and four times', () => {
    const bits = 0x1c100000;
    expect(retarget(bits, PERIOD_SECONDS, EASY)).toBe(bits);
    expect(retarget(bits, PERIOD_SECONDS * 2, EASY)).toBe(0x1c200000);
    expect(retarget(bits, PERIOD_SECONDS * 4, EASY)).toBe(0x1c400000);
    expect(retarget(bits, PERIOD_SECONDS * 4 + 1, EASY)).toBe(0x1c400000);
    expect(retarget(bits, PERIOD_SECONDS / 4, EASY)).toBe(0x1c040000);
    expect(retarget(bits, PERIOD_SECONDS / 4 - 1, EASY)).toBe(0x1c040000);
    expect(retarget(bits, -1, EASY)).toBe(0x1c040000);
    expect(retarget(EASY, PERIOD_SECONDS * 2, EASY)).toBe(EASY);
    // Of none comes none, and below a limit that is none is none.
    expect([retarget(0, PERIOD_SECONDS, EASY), retarget(bits, PERIOD_SECONDS, 0)]).toEqual([0, 0]);
  });

  it('is that of the header before within a period, whatever the time, but for testnet4', () => {
    const parent = above(rootAt(0, START, 0x1c100000), [START + 600], 0x1c080000);
    expect(requiredBits(mainnet, parent, START + 100_000)).toBe(0x1c080000);
    expect(requiredBits(testnet4, parent, START + 601)).toBe(0x1c100000);
  });

  it('of a new period comes from the last header of the old one, in testnet4 from its first', () => {
    expect(last(mainnet, 0x1c100000, 0x1c080000, PERIOD_SECONDS * 2)).toBe(0x1c100000);
    expect(last(testnet4, 0x1c100000, 0x1c080000, PERIOD_SECONDS * 2)).toBe(0x1c200000);
  });
});

describe('the time of a header', () => {
  it('in testnet4 is at most ten minutes back where a period begins, elsewhere anything above the median', () => {
    const check = (network: ClockNetwork, height: number, back: number) => {
      // Few headers are known, so that there is no median yet; the parent’s period begins below the root.
      const parent = rootAt(height, START);
      const bits = requiredBits(network, parent, START - back);
      return checkHeader(made(START - back, bits), network, parent);
    };
    const ends = 2 * PERIOD - 1;
    expect(check(testnet4, ends, 600)).toBeUndefined();
    expect(check(testnet4, ends, 601)).toBe('HEADER_TIME');
    expect(check(testnet4, ends - 1, 601)).toBeUndefined();
    expect(check(testnet4, ends + 1, 601)).toBeUndefined();
    expect(check(mainnet, ends, 601)).toBeUndefined();
  });
});

describe('the header tree', () => {
  const id = (label: string): Uint8Array => seeded(label);
  const grow = (tree: HeaderTree, parent: HeaderNode, label: string, bits = EASY): HeaderNode => {
    const node = makeNode(made(parent.header.time + 600, bits, id(label)), parent);
    addNode(tree, node);
    return node;
  };

  it('follows the branch of most work; of two with equal work the one that it saw first', () => {
    const tree = createTree(made(START, EASY, id('root')), 100);
    const root = tipOf(tree);
    const a1 = grow(tree, root, 'a1');
    const b1 = grow(tree, root, 'b1');
    expect(tipOf(tree)).toBe(a1);
    const b2 = grow(tree, b1, 'b2');
    expect(tree.best).toEqual([root, b1, b2]);
    const a2 = grow(tree, a1, 'a2');
    expect(tipOf(tree)).toBe(b2);
    const a3 = grow(tree, a2, 'a3');
    expect(tree.best).toEqual([root, a1, a2, a3]);
    // One header of more work wins against three.
    const c1 = grow(tree, root, 'c1', 0x1c100000);
    expect(tree.best).toEqual([root, c1]);
  });

  it('changes to a branch of any length', () => {
    const LENGTH = 150_000;
    const tree = createTree(made(START, EASY, id('root')), 100);
    const root = tipOf(tree);
    const a1 = grow(tree, root, 'a1');
    let tip = root;
    // Headers of so little work that all together have less than the other branch's one.
    for (let i = 1; i <= LENGTH; i++) {
      tip = { ...a1, id: `b${i}`, parent: tip, height: 100 + i, totalWork: tip.totalWork + 1n };
      addNode(tree, tip);
    }
    expect(tree.best).toEqual([root, a1]);
    const last = grow(tree, tip, 'last');
    expect(tree.best).toHaveLength(LENGTH + 2);
    expect([bestAt(tree, 100), bestAt(tree, 100 + LENGTH)]).toEqual([root, tip]);
    expect(tipOf(tree)).toBe(last);
  });

  it('knows a header by its height on the best branch only', () => {
    const tree = createTree(made(START, EASY, id('root')), 100);
    const root = tipOf(tree);
    const a1 = grow(tree, root, 'a1');
    const b1 = grow(tree, root, 'b1');
    expect([99, 100, 101, 102].map((height) => bestAt(tree, height))).toEqual([
      undefined,
      root,
      a1,
      undefined,
    ]);
    expect([root, a1, b1].map((node) => findBest(tree, node.id))).toEqual([root, a1, undefined]);
    expect(findBest(tree, 'nobody')).toBeUndefined();
    expect([root.height, a1.height]).toEqual([100, 101]);
  });

  it('counts work and periods from the checkpoint on', () => {
    const tree = createTree(made(START, EASY, id('root')), PERIOD - 1);
    const root = tipOf(tree);
    expect(root.totalWork).toBe(0x1_0001_0001n);
    const first = grow(tree, root, 'first');
    const second = grow(tree, first, 'second');
    expect([root.periodStart, first.periodStart, second.periodStart]).toEqual([null, null, first]);
    expect(second.totalWork).toBe(3n * 0x1_0001_0001n);
    expect([root.totalWorth, first.totalWorth, second.totalWorth]).toEqual([0, 1000, 2000]);
  });

  it('measures a header by the highest work before it, not by the first or the last', () => {
    const workAt = (bits: number) => workOf(targetOf(bits) ?? 0n);
    const [hard, medium] = [0x1c100000, 0x1c400000];
    const tree = createTree(made(START, EASY, id('root')), 0);
    const one = grow(tree, tipOf(tree), 'hard', hard);
    const two = grow(tree, one, 'medium', medium);
    const three = grow(tree, two, 'easy');
    const worth = (bits: number) => Number((2000n * workAt(bits)) / workAt(hard));
    expect([one.totalWorth, two.totalWorth - one.totalWorth]).toEqual([1000, worth(medium)]);
    expect(three.totalWorth - two.totalWorth).toBe(worth(EASY));
    expect([worth(medium), worth(EASY)]).toEqual([499, 125]);
  });

  it('takes no header whose bits are no target, and none without the checkpoint: that would be a bug', () => {
    expect(() => createTree(made(START, 0), 0)).toThrow('a header without a target cannot join the tree');
    expect(() => makeNode(made(START, 0), rootAt(0))).toThrow('a header without a target');
    const tree = createTree(made(START, EASY, id('root')), 0);
    const stranger = makeNode(made(START, 0x1c100000, id('x')), rootAt(0));
    const lost = { ...stranger, parent: null };
    expect(() => addNode(tree, lost)).toThrow('a branch without the checkpoint');
    expect(() => tipOf({ nodes: new Map(), best: [] })).toThrow('a header tree has a checkpoint');
  });
});
