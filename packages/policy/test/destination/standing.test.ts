import { describe, expect, it } from 'vitest';
import { standingOf } from '../../src/destination/standing.ts';
import { sampleCharter, seeded, World } from '../world.ts';

const [listed, denied, other] = ['listed', 'denied', 'other'].map((label) => seeded(label).slice(0, 22));
if (listed === undefined || denied === undefined || other === undefined) throw new Error('no scripts');
const sample = sampleCharter();
const worldWith = (destinations: 'any' | 'registered' | 'listed') =>
  new World({
    ...sample,
    policy: { ...sample.policy, destinations, destinationTicks: 6, allow: [listed], deny: [denied] },
  });

describe('a destination', () => {
  it('of the lists is payable or denied, whatever the mode', () => {
    for (const mode of ['any', 'registered', 'listed'] as const) {
      const { state } = worldWith(mode);
      expect(standingOf(state, { script: listed, requester: 'shop' }, 0)).toEqual({ kind: 'payable' });
      expect(standingOf(state, { script: denied, requester: 'shop' }, 0)).toEqual({ kind: 'denied' });
    }
  });

  it('of no list is payable where any is, and unknown elsewhere', () => {
    const of = (mode: 'any' | 'registered' | 'listed') =>
      standingOf(worldWith(mode).state, { script: other, requester: 'shop' }, 0);
    expect([of('any'), of('registered'), of('listed')]).toEqual([
      { kind: 'payable' },
      { kind: 'unknown' },
      { kind: 'unknown' },
    ]);
  });

  it('that its requester registered is payable when its delay is over, to that requester only', () => {
    const world = worldWith('registered');
    world.pass(2);
    world.register('shop', other);
    const at = (millitick: number, requester = 'shop') =>
      standingOf(world.state, { script: other, requester }, millitick);
    expect(at(7_999)).toEqual({ kind: 'waiting', until: 8_000 });
    expect(at(8_000)).toEqual({ kind: 'payable' });
    expect(at(8_000, 'desk')).toEqual({ kind: 'unknown' });
    const strict = worldWith('listed');
    strict.register('shop', other);
    expect(standingOf(strict.state, { script: other, requester: 'shop' }, 99_000)).toEqual({
      kind: 'unknown',
    });
  });
});
