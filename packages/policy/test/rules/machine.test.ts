import { describe, expect, it } from 'vitest';
import { freeze } from '../../src/index.ts';
import { sampleCharter, World } from '../world.ts';

const ready = (world: World) => {
  const coins = world.fund([5_000_000n]);
  return () => world.request({ coins, intents: [world.intent()], change: [{ amount: 3_990_000n }] });
};

describe('the machine', () => {
  it('refuses when its clock and the newest header differ by more than the charter allows, either way', () => {
    const world = new World();
    const request = ready(world);
    expect(world.refusals(request(), world.now + 43_200)).toEqual([]);
    for (const now of [world.now + 43_201, world.now - 43_201, 0, 2 ** 31]) {
      expect(world.refusals(request(), now)).toEqual([
        ['CLOCK_STALE', { newest: `${world.now}`, now: `${now}` }],
      ]);
    }
  });

  it('refuses while frozen, and no longer when the freeze has lapsed', () => {
    const world = new World();
    const request = ready(world);
    world.apply(freeze(world.state, 'vault-1', world.uptime).changes);
    expect(world.refusals(request())).toEqual([
      ['FROZEN', { since: '1.000', by: 'vault-1', until: '37.000' }],
    ]);
    world.pass(35);
    expect(world.refusals(request())).toHaveLength(1);
    world.pass(1);
    expect(world.refusals(request())).toEqual([]);
  });

  it('lets nobody freeze again until as long again has passed, but another may', () => {
    const world = new World();
    ready(world);
    world.apply(freeze(world.state, 'vault-1', world.uptime).changes);
    world.pass(20);
    expect(freeze(world.state, 'vault-1', world.uptime).changes).toEqual([]);
    expect(freeze(world.state, 'operator', world.uptime).changes).toHaveLength(1);
    world.pass(51);
    expect(freeze(world.state, 'vault-1', world.uptime).changes).toEqual([]);
    world.pass(1);
    expect(freeze(world.state, 'vault-1', world.uptime).changes).toHaveLength(1);
  });

  it('refuses a draft over a cap by that alone, before it looks at anything else', () => {
    const charter = sampleCharter();
    const policy = { ...charter.policy, maxInputs: 2, maxIntents: 2, maxOutputs: 3 };
    const world = new World({ ...charter, policy });
    const coins = world.fund([1_000_000n, 1_000_000n, 1_000_000n]).map((coin) => ({ ...coin, amount: 7n }));
    const intents = [1, 2, 3].map(() => world.intent({ key: 'desk' }));
    const request = world.request({ coins, intents, change: [{ amount: 1n, wallet: 9 }], verdicts: [] });
    expect(world.refusals(request, 0)).toEqual([
      ['LIMIT', { what: 'inputs', got: '3', limit: '2' }],
      ['LIMIT', { what: 'intents', got: '3', limit: '2' }],
      ['LIMIT', { what: 'outputs', got: '4', limit: '3' }],
    ]);
  });

  it('refuses a transaction above the size that the charter allows', () => {
    const charter = sampleCharter();
    const world = new World({ ...charter, policy: { ...charter.policy, maxVsize: 200 } });
    const coins = world.fund([5_000_000n, 5_000_000n]);
    const request = world.request({ coins, intents: [world.intent()], change: [{ amount: 8_990_000n }] });
    expect(world.refusals(request)).toMatchObject([['LIMIT', { what: 'vsize', limit: '200' }]]);
  });

  it('reports every broken rule at once, in the order of the codes', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]).map((coin) => ({ ...coin, amount: 4_000_000n, index: 3 }));
    const intents = [world.intent({ key: 'desk', created: world.height + 9, expires: world.height - 1 })];
    const change = [{ amount: 100n, wallet: 2 }];
    const request = world.request({ coins, intents, change, locktime: 0xffffffff, verdicts: [] });
    world.apply(freeze(world.state, 'operator', world.uptime).changes);
    expect(world.refusals(request, 5).map(([code]) => code)).toEqual([
      'FROZEN',
      'CLOCK_STALE',
      'AMOUNT_MISMATCH',
      'INPUT_FOREIGN',
      'INTENT_SIGNATURE',
      'INTENT_LIFE',
      'EXPIRED',
      'SCREENING',
      'NOT_CHANGE',
      'TX_FIELDS',
      'FEE_ABSOLUTE',
      'FEE_RATE',
      'FEE_SHARE',
      'FEE_WINDOW',
      'FEE_WINDOW',
    ]);
  });
});
