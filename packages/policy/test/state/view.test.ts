import { displayTxid } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { confirmations, indexLimit, isBuried } from '../../src/state/view.ts';
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
