/** Worlds that the vectors of several subjects begin with, and how they end. */
import {
  type Charter,
  concatBytes,
  encode,
  type SignRequest as SignBody,
  SignRequest,
} from '@coldwire/protocol';
import { type Coin, sampleCharter, seeded, World } from '../../world.ts';

export function small(policy: Partial<Charter['policy']> = {}): World {
  const charter = sampleCharter();
  return new World({ ...charter, policy: { ...charter.policy, ...policy } });
}

/** Ends with a SIGN request, whatever becomes of it. */
export function sign(world: World, request: SignBody, time = world.now): World {
  world.note('SIGN', encode(SignRequest, request), time);
  return world;
}

/** A world with two coins of 0.05 BTC, and a request that would be approved in it. */
export function ready(policy: Partial<Charter['policy']> = {}): {
  world: World;
  a: Coin;
  b: Coin;
  good: SignBody;
} {
  const world = small(policy);
  const [a, b] = world.fund([5_000_000n, 5_000_000n]);
  if (a === undefined || b === undefined) throw new Error('no coins');
  const good = world.request({
    coins: [a],
    intents: [world.intent()],
    change: [{ amount: 3_990_000n, position: 0 }],
  });
  return { world, a, b, good };
}

export const plain = { amount: 3_990_000n };

export const paid = concatBytes(Uint8Array.of(0, 20), seeded('paid').slice(0, 20));
