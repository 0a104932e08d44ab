import { worstCaseVsize } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { sampleCharter, World } from '../world.ts';

const only = (world: World, code: string, request: Parameters<World['refusals']>[0]) =>
  world.refusals(request).filter(([found]) => found === code);

describe('fees', () => {
  it('refuses a fee above the absolute limit and takes the limit itself', () => {
    const world = new World();
    const coins = world.fund([50_000_000n]);
    const request = (fee: bigint) =>
      world.request({ coins, intents: [world.intent({ amount: 50_000_000n - fee })] });
    expect(only(world, 'FEE_ABSOLUTE', request(100_000n))).toEqual([]);
    expect(only(world, 'FEE_ABSOLUTE', request(100_001n))).toEqual([
      ['FEE_ABSOLUTE', { fee: '100001', limit: '100000' }],
    ]);
  });

  it('refuses a feerate above the limit, on its own worst-case size', () => {
    const world = new World();
    const coins = world.fund([50_000_000n]);
    const request = (fee: bigint) =>
      world.request({ coins, intents: [world.intent({ amount: 50_000_000n - fee })] });
    const size = BigInt(worstCaseVsize({ inputs: 1, outputs: [new Uint8Array(22)] }));
    expect(only(world, 'FEE_RATE', request(size * 200n))).toEqual([]);
    const feerate = `${((size * 200n + 1n) * 1000n + size - 1n) / size}`;
    expect(only(world, 'FEE_RATE', request(size * 200n + 1n))).toEqual([
      ['FEE_RATE', { feerate, limit: '200000' }],
    ]);
  });

  it('refuses a fee above its share of what is paid, but not below the floor', () => {
    const world = new World();
    const coins = world.fund([10_000_000n]);
    const request = (amount: bigint, fee: bigint) =>
      world.request({
        coins,
        intents: [world.intent({ amount })],
        change: [{ amount: 10_000_000n - amount - fee }],
      });
    expect(only(world, 'FEE_SHARE', request(1_000n, 20_000n))).toEqual([]);
    expect(only(world, 'FEE_SHARE', request(1_000n, 20_001n))).toEqual([
      ['FEE_SHARE', { fee: '20001', amount: '1000', limit: '20000' }],
    ]);
    expect(only(world, 'FEE_SHARE', request(1_000_000n, 50_000n))).toEqual([]);
    expect(only(world, 'FEE_SHARE', request(1_000_000n, 50_001n))).toEqual([
      ['FEE_SHARE', { fee: '50001', amount: '1000000', limit: '50000' }],
    ]);
  });

  it('lets a small rest, or nothing, replace a large batch at the fee that replacing takes', () => {
    const charter = sampleCharter();
    const policy = { ...charter.policy, feeShareFloor: 0n };
    const world = new World({ ...charter, policy });
    const coins = world.fund([10_000_000n]);
    const big = world.intent({ amount: 5_000_000n });
    const small = world.intent({ amount: 10_000n });
    world.approve(world.request({ coins, intents: [big, small], change: [{ amount: 4_970_000n }] }));
    const rest = world.request({ coins, intents: [small], change: [{ amount: 9_960_000n }], verdicts: [] });
    expect(world.refusals(rest)).toEqual([]);
    const cancel = world.request({ coins, change: [{ amount: 9_970_000n }] });
    expect(world.refusals(cancel)).toEqual([]);
  });

  it('charges a replacement for what it adds only, and two halves of a batch for both', () => {
    const world = new World();
    const coins = world.fund([5_000_000n, 5_000_000n]);
    const [left, right] = [world.intent({ amount: 2_000_000n }), world.intent({ amount: 2_000_000n })];
    const charged = () => world.state.ledger.totals.at(-1)?.fee ?? 0n;
    world.approve(world.request({ coins, intents: [left, right], change: [{ amount: 5_990_000n }] }));
    expect(charged()).toBe(10_000n);
    world.approve(world.request({ coins, intents: [left, right], change: [{ amount: 5_985_000n }] }));
    expect(charged()).toBe(15_000n);
    for (const [place, intent] of [left, right].entries()) {
      const half = {
        coins: coins.slice(place, place + 1),
        intents: [intent],
        change: [{ amount: 2_985_000n }],
      };
      world.approve(world.request(half));
    }
    expect(charged()).toBe(30_000n);
  });

  it('refuses what would pass a window of fees', () => {
    const charter = sampleCharter();
    const windows = charter.policy.windows.map((window) => ({ ...window, fee: 30_001n }));
    const world = new World({ ...charter, policy: { ...charter.policy, windows: windows.slice(0, 1) } });
    const spend = (fee: bigint) => {
      const coins = world.fund([5_000_000n], world.number());
      return world.request({ coins, intents: [world.intent()], change: [{ amount: 4_000_000n - fee }] });
    };
    world.approve(spend(19_999n));
    expect(world.refusals(spend(2n))).toEqual([['FEE_WINDOW', { spent: '19999', fee: '2', limit: '20000' }]]);
    expect(world.refusals(spend(1n))).toEqual([]);
  });
});
