import { describe, expect, test } from 'vitest';
import type { Coin } from '../../policy/test/world.ts';
import { GateWorld, idAtHome } from './gate-world.ts';

const pay = (world: GateWorld, coins: readonly Coin[], keys: readonly string[]) =>
  world.world.request({
    coins,
    intents: keys.map((key, i) =>
      world.world.intent({ id: idAtHome(0, `intent ${i}`), requester: 'shop', key }),
    ),
    change: [{ amount: 20_000_000n - BigInt(keys.length) * 1_000_000n - 10_000n }],
  });

describe('Intents of one requester', () => {
  test('may be signed by different keys of it, in whatever order, and by no other', () => {
    const world = new GateWorld();
    const coins = world.world.fund([20_000_000n]);
    const codes = (...keys: string[]) => world.force(pay(world, coins, keys)).map(([code]) => code);
    expect(codes('shop', 'desk', 'shop spare')).toEqual(['INTENT_SIGNATURE']);
    expect(codes('desk', 'desk', 'desk')).toEqual([
      'INTENT_SIGNATURE',
      'INTENT_SIGNATURE',
      'INTENT_SIGNATURE',
    ]);
    expect(codes('shop', 'shop spare', 'shop', 'shop spare', 'shop spare')).toEqual([]);
  });
});
