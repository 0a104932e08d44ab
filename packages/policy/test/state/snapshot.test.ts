import { decode, encode } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import {
  createPolicyState,
  digestState,
  PolicyRow,
  type PolicyState,
  snapshotRows,
  takeRow,
} from '../../src/index.ts';
import { foreignCharter, MemoryWorld, seenHead, testify } from '../memory/memory-world.ts';
import { charterAfter, identity, sampleCharter, seeded } from '../world.ts';

/** The rows of a snapshot, encoded and decoded, in a new state. */
function reload(world: MemoryWorld): PolicyState {
  const state = createPolicyState(world.loaded, noblePointMath);
  for (const row of snapshotRows(world.state)) {
    const decoded = decode(PolicyRow, encode(PolicyRow, row), 1_048_576);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    takeRow(state, decoded.value);
  }
  return state;
}

/** A state in which everything has something in it. */
function lived(): MemoryWorld {
  const charter = sampleCharter();
  const velocity = [{ per: 'destination', ticks: 6, amount: 90_000_000n, count: 30 } as const];
  const world = new MemoryWorld({ ...charter, policy: { ...charter.policy, velocity } });
  const coins = world.fund([5_000_000n, 6_000_000n, 7_000_000n]);
  const [first, second] = coins;
  if (first === undefined || second === undefined) throw new Error('no coins');
  world.approve(
    world.request({ coins: [first], intents: [world.intent()], change: [{ amount: 3_990_000n }] }),
  );
  world.freeze('vault-1');
  world.start();
  world.attest(testify(world, 'gate-1'));
  world.order('freeze', { by: ['ada', 'ben'] });
  world.order('unfreeze');
  world.order('freeze', { by: ['cyd'] });
  world.install(charterAfter(world.loaded, { title: 'Later' }));
  // A branch that lost.
  world.pass(1);
  world.rewind(1);
  world.feed(world.mine(2));
  return world;
}

describe('a snapshot', () => {
  it('holds the whole state: the same digest, and the same again', () => {
    const world = lived();
    const state = reload(world);
    expect(digestState(state)).toEqual(digestState(world.state));
    expect([...snapshotRows(state)]).toEqual([...snapshotRows(world.state)]);
  });

  it('of a state that was latched and restored holds that too', () => {
    const world = lived();
    world.start(seeded('later').slice(0, 16));
    const nonce = seeded('later').slice(0, 16);
    world.attest(testify(world, 'gate-1', { nonce, heads: [seenHead(world, 9, 'head')] }));
    expect(digestState(reload(world))).toEqual(digestState(world.state));
    world.order('restore', { id: nonce });
    expect(digestState(reload(world))).toEqual(digestState(world.state));
  });

  it('of a freeze by people whose names are in another script holds it', () => {
    const { charter, names } = foreignCharter();
    const world = new MemoryWorld(charter);
    expect(world.order('freeze', { by: names })).toBe('ok');
    expect(reload(world).memory.confirmed).toEqual({ by: names.slice(0, 4).join(', '), since: 0 });
  });

  it('holds which gates were heard, however many have been replaced since the start', () => {
    const world = new MemoryWorld();
    world.start();
    world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
    for (let i = 3; i < 12; i++) {
      const gate = { name: `gate-${i}`, key: identity(`gate-${i}`).publicKey, sealKey: seeded(`seal ${i}`) };
      world.install(charterAfter(world.state.charter, { gates: [gate] }));
      world.pass(world.loaded.charter.policy.loosenTicks);
      world.enact();
    }
    expect(reload(world).memory.attested).toEqual(['gate-11']);
  });

  it('is judged by as what the state itself is judged by', () => {
    const world = lived();
    const state = reload(world);
    world.order('unfreeze', { by: ['ada', 'cyd'] });
    const live = world.state;
    world.state = state;
    expect(world.order('unfreeze', { by: ['ada', 'cyd'] })).toBe('ok');
    expect(state.memory.confirmed).toEqual(live.memory.confirmed);
    expect(state.tree.best.map(({ id }) => id)).toEqual(live.tree.best.map(({ id }) => id));
  });

  it('holds coins by their whole place, also where it has two digits', () => {
    const world = new MemoryWorld();
    const coins = world.fund(Array.from({ length: 12 }, (_, i) => 5_000_000n + BigInt(i)));
    for (const place of [1, 10, 11]) {
      const coin = coins[place];
      if (coin === undefined) throw new Error('no coin');
      const change = [{ amount: coin.amount - 1_010_000n }];
      world.approve(world.request({ coins: [coin], intents: [world.intent()], change }));
    }
    const inputs = [...world.state.transactions.values()].flatMap((row) => row.inputs);
    expect(inputs.map((key) => key.slice(65))).toEqual(['1', '10', '11']);
    const state = reload(world);
    expect([...state.transactions.values()].flatMap((row) => row.inputs)).toEqual(inputs);
    expect(digestState(state)).toEqual(digestState(world.state));
  });

  it('with a row that does not fit is no state', () => {
    const state = createPolicyState(lived().loaded, noblePointMath);
    const headers = { headers: new Uint8Array(80) };
    expect(() => takeRow(state, { kind: 'headers', value: headers })).toThrow('follows no known one');
    expect(() => takeRow(state, { kind: 'inForce', value: { charter: new Uint8Array(9) } })).toThrow(
      'hold together',
    );
  });
});
