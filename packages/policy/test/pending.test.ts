import type { Charter } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { type CharterInForce, installCharter, newestCharter } from '../src/index.ts';
import { charterAfter, signedBy, World } from './world.ts';

const next = (head: CharterInForce, change: Partial<Charter['policy']>): Charter =>
  charterAfter(head, { policy: { ...head.charter.policy, ...change } });

describe('charters that wait', () => {
  it('make room by those that are taken back', () => {
    const world = new World();
    for (let i = 1; i <= 8; i++) world.install(next(newestCharter(world.state), { feeRate: 200_000 + i }));
    const strict = next(newestCharter(world.state), { feeRate: 200_001 });
    const outcome = installCharter(world.state, signedBy(strict), world.uptime);
    if (outcome.kind !== 'ok') throw new Error('refused');
    // All that allow more than it does; the first allows as much.
    const revoked = world.state.pending.slice(1).map(({ charter }) => charter.hash);
    expect(outcome.changes).toMatchObject([{ kind: 'installed', value: { ticks: 144, revoked } }]);
    world.install(strict);
    expect(world.state.pending.map(({ charter }) => charter.charter.epoch)).toEqual([1, 9]);
  });

  it('wait for the ticks of the charter in force; what only tightens waits for none', () => {
    const world = new World();
    const ticksOf = (charter: Charter) => {
      const outcome = installCharter(world.state, signedBy(charter), world.uptime);
      if (outcome.kind !== 'ok') throw new Error('refused');
      return outcome.changes.map((change) =>
        change.kind === 'installed' ? change.value.ticks : change.kind,
      );
    };
    expect(ticksOf(next(world.loaded, { feeRate: 199_999 }))).toEqual([0, 'enacted']);
    expect(ticksOf(next(world.loaded, { feeRate: 200_001, loosenTicks: 7 }))).toEqual([144]);
    world.pass(3);
    world.install(next(world.loaded, { feeRate: 200_001 }));
    expect(world.state.pending).toMatchObject([{ since: 3_000, due: 147_000 }]);
  });
});
