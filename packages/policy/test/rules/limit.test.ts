import { describe, expect, it } from 'vitest';
import { SPENDS_MAX } from '../../src/rules/limit.ts';
import { sampleCharter, World } from '../world.ts';

describe('the step by which a spend must cost more, where a coin has as many as may live', () => {
  it.each([
    [6_400n, 100n],
    [6_401n, 101n],
    [6_463n, 101n],
    [6_465n, 102n],
  ])('is a 64th of the highest fee, rounded up: of %d it is %d', (feeAbsolute, step) => {
    const sample = sampleCharter();
    const world = new World({
      ...sample,
      policy: { ...sample.policy, feeAbsolute, feeRate: 1_000_000_000 },
    });
    const coins = world.fund([5_000_000n]);
    const move = (fee: bigint, locktime: number) =>
      world.request({ coins, change: [{ amount: 5_000_000n - fee, index: 1 }], locktime });
    for (let number = 0; number < 64; number++) world.approve(move(0n, number));
    expect(SPENDS_MAX).toBe(64);
    expect(world.refusals(move(step - 1n, 64))).toEqual([
      ['LIMIT', { what: 'spends', got: '65', limit: '64' }],
    ]);
    expect(world.refusals(move(step, 64))).toEqual([]);
  });
});

describe('signing, where as much without a proof is remembered as may be', () => {
  it('goes on with coins that blocks hold', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    world.state.parents.set(
      '00'.repeat(32),
      Array.from({ length: 65_537 }, () => 'input'),
    );
    expect(world.refusals(world.request({ coins, change: [{ amount: 4_990_000n }] }))).toEqual([]);
  });
});
