import { displayTxid } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { confirmations, freezeInForce, indexLimit, isBuried } from '../../src/state/view.ts';
import { World } from '../world.ts';

describe('a block', () => {
  it('has one confirmation at the tip, and none where it is not on the best branch', () => {
    const world = new World();
    const [one, two] = world.pass(2).map(({ hash }) => displayTxid(hash));
    if (one === undefined || two === undefined) throw new Error('no blocks');
    expect([one, two, 'nobody'].map((id) => confirmations(world.state, id))).toEqual([2, 1, 0]);
    world.pass(3);
    expect(isBuried(world.state, one)).toBe(false);
    world.pass(1);
    expect([isBuried(world.state, one), isBuried(world.state, two)]).toEqual([true, false]);
  });
});

describe('the highest index that may be used', () => {
  it('is of receiving addresses the charter’s, of change the gap above what was mined', () => {
    const { state } = new World();
    expect([indexLimit(state, 0, 0), indexLimit(state, 0, 1)]).toEqual([999, 19]);
  });
});

describe('the freeze in force', () => {
  const until = (...list: readonly number[]) => {
    const { state } = new World();
    for (const [place, one] of list.entries())
      state.freezes.set(`vault-${place}`, { by: `v${place}`, since: 0, until: one });
    return (millitick: number) => freezeInForce(state, millitick);
  };

  it('is the one that lasts longest, wherever it stands; of two that last as long the first', () => {
    for (const list of [
      [9, 5, 7],
      [5, 9, 7],
      [5, 7, 9],
    ])
      expect(until(...list)(0)?.until).toBe(9);
    expect(until(5, 9, 9)(0)).toMatchObject({ by: 'v1', until: 9 });
  });

  it('is over at its very millitick', () => {
    const of = until(9);
    expect([of(8)?.until, of(9)]).toEqual([9, undefined]);
    expect(until(1)(0)?.until).toBe(1);
  });
});
