// Orders in the hands of a hostile vault, which may cut signatures off, hold orders back and bring them again.
import { beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../world.ts';
import { MemoryWorld, testify } from './memory-world.ts';

let world: MemoryWorld;

beforeEach(() => {
  world = new MemoryWorld();
  world.start();
});

describe('a freeze that two custodians signed', () => {
  const plan = { id: seeded('incident').slice(0, 16), expires: 100_000 };

  it('is confirmed by the whole order, though a vault brought it with one signature first', () => {
    expect(world.order('freeze', { ...plan, by: ['ada'] })).toBe('ok');
    expect(world.state.memory.confirmed).toBeNull();
    expect(world.order('freeze', { ...plan, by: ['ada', 'ben'] })).toBe('ok');
    expect(world.state.memory.confirmed).not.toBeNull();
  });

  it('counts once for each of them, in whatever company it comes again', () => {
    expect(world.order('freeze', { ...plan, by: ['ada'] })).toBe('ok');
    world.pass(2 * world.loaded.charter.policy.freezeTicks + 2);
    expect(world.order('freeze', { ...plan, by: ['ada', 'ben'] })).toBe('ok');
    expect(world.state.memory.confirmed).toBeNull();
    for (const by of [['ada'], ['ben'], ['ben', 'ada']])
      expect(world.order('freeze', { ...plan, by })).toBe('ORDER_USED');
  });
});

describe('a restore', () => {
  it('is carried out once in a start, though a gate has not spoken yet: it would begin its windows anew', () => {
    world.attest(testify(world, 'gate-1'));
    expect(world.order('restore')).toBe('ok');
    const since = world.state.memory.restored?.since;
    world.pass(1);
    expect(world.order('restore')).toBe('ORDER_USED');
    expect(world.state.memory.restored?.since).toBe(since);
  });
});
