import { describe, expect, it } from 'vitest';
import { describeState } from '../src/index.ts';
import { charterAfter, MINUTE, sampleCharter, World } from './world.ts';

describe('the status of a machine', () => {
  const tell = (world: World) => describeState(world.state, world.uptime);

  it('is that of the charter in force, the tip and the coins', () => {
    const world = new World();
    expect(tell(world)).toMatchObject({ epoch: 0, pending: [], tipHeight: 1000, millitick: 0, coins: 0 });
    world.fund([1_000_000n, 2_000_000n]);
    expect(tell(world)).toMatchObject({
      charter: world.loaded.hash,
      tipHeight: 1001,
      tipHash: world.tipHash,
      tipTime: world.now,
      millitick: 1000,
      coins: 2,
    });
  });

  it('tells the charters that wait, and how long', () => {
    const world = new World();
    const { policy } = sampleCharter();
    const next = world.install(charterAfter(world.loaded, { policy: { ...policy, feeRate: 200_001 } }));
    const left = policy.loosenTicks * 1000;
    expect(tell(world).pending).toEqual([[1, next.hash, left]]);
    world.pass(1);
    expect(tell(world).pending).toEqual([[1, next.hash, left - 1000]]);
    world.pass(policy.loosenTicks);
    // Due since a tick, and not yet put in force.
    expect(tell(world).pending).toEqual([[1, next.hash, 0]]);
    expect(tell(world).epoch).toBe(0);
    world.enact();
    expect(tell(world)).toMatchObject({ epoch: 1, pending: [] });
  });

  it('tells a freeze while it lasts', () => {
    const world = new World();
    expect(tell(world).frozen).toBe(false);
    world.freeze('A');
    expect(tell(world).frozen).toBe(true);
    world.pass(sampleCharter().policy.freezeTicks - 1);
    expect(tell(world).frozen).toBe(true);
    world.pass(1);
    world.uptime += MINUTE;
    expect(tell(world).frozen).toBe(false);
  });
});
