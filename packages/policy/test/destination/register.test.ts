import { encode, hashRegistration, Registration, toHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { register } from '../../src/index.ts';
import { factsOf, identity, seeded, World } from '../world.ts';

const script = seeded('destination').slice(0, 22);

describe('a registration', () => {
  it('that is none is told as bad bytes', () => {
    const world = new World();
    const { signature } = world.registration('shop', script);
    expect(register(world.state, { registration: Uint8Array.of(0xa0), signature }, 0)).toMatchObject({
      kind: 'malformed',
      fault: { kind: 'fault', code: 'MALFORMED' },
    });
  });

  it('is signed by a key of its requester: any of them, and no other', () => {
    const world = new World();
    const by = (requester: string, key: string) => {
      const outcome = register(world.state, world.registration(requester, script, key), 7);
      return outcome.kind === 'refused' ? outcome.refusals.map((one) => [one.code, factsOf(one)]) : outcome;
    };
    const good = {
      kind: 'ok',
      changes: [{ kind: 'registered', value: { uptime: 7, requester: 'shop', script } }],
    };
    expect(by('shop', 'shop')).toEqual(good);
    expect(by('shop', 'shop spare')).toEqual(good);
    const bad = [['REGISTRATION_SIGNATURE', { script: toHex(script) }]];
    expect([by('shop', 'desk'), by('nobody', 'shop')]).toEqual([bad, bad]);
  });

  it('binds the first charter of its deployment', () => {
    const world = new World();
    const registration = encode(Registration, { requester: 'shop', script });
    const signature = identity('shop').sign(hashRegistration(seeded('other'), registration));
    expect(register(world.state, { registration, signature }, 0)).toMatchObject({ kind: 'refused' });
  });

  it('that is known changes nothing, and no requester has more than its share', () => {
    const world = new World();
    world.register('shop', script);
    expect(register(world.state, world.registration('shop', script), 9)).toEqual({ kind: 'ok', changes: [] });
    const known = world.state.registered.get('shop');
    if (known === undefined) throw new Error('nothing is registered');
    const share = 65_536 / 2;
    const ask = (size: number, requester = 'shop') => {
      known.clear();
      for (let i = 0; i < size; i++) known.set(`${i}`, 0);
      const outcome = register(world.state, world.registration(requester, seeded('new').slice(0, 22)), 9);
      return outcome.kind === 'refused'
        ? outcome.refusals.map((one) => [one.code, factsOf(one)])
        : outcome.kind;
    };
    expect(ask(share - 1)).toBe('ok');
    expect(ask(share)).toEqual([['LIMIT', { what: 'registered', got: `${share + 1}`, limit: `${share}` }]]);
    expect(ask(share, 'desk')).toBe('ok');
  });
});
