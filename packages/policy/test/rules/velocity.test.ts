import { type Charter, concatBytes, toHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { applyChange, digestState } from '../../src/index.ts';
import { charterAfter, type IntentPlan, sampleCharter, seeded, World } from '../world.ts';

const script = (label: string) => concatBytes(Uint8Array.of(0, 20), seeded(label).slice(0, 20));
const hex = (label: string) => toHex(script(label));
type Rows = Charter['policy']['velocity'];

function makeWorld(velocity: Rows) {
  const charter = sampleCharter();
  const world = new World({ ...charter, policy: { ...charter.policy, velocity } });
  const coins = world.fund(Array.from({ length: 25 }, () => 10_000_000n));
  let next = 0;
  /** Pays these from the next coin. */
  const request = (...plans: readonly IntentPlan[]) => {
    const intents = plans.map((plan) => world.intent(plan));
    const sum = plans.reduce((total, { amount }) => total + (amount ?? 1_000_000n), 0n);
    next += 1;
    return world.request({
      coins: coins.slice(next - 1, next),
      intents,
      change: [{ amount: 9_990_000n - sum, index: 0 }],
    });
  };
  const judge = (...plans: readonly IntentPlan[]) => world.refusals(request(...plans));
  const approve = (...plans: readonly IntentPlan[]) => world.approve(request(...plans));
  return { world, judge, approve };
}

const destination = { per: 'destination', ticks: 6, amount: 3_000_001n, count: 10 } as const;
const requester = { per: 'requester', ticks: 6, amount: 30_000_000n, count: 4 } as const;

describe('velocity', () => {
  it('keeps each destination to two thirds of its amount, rounded down, over drafts and requesters', () => {
    const { judge, approve } = makeWorld([destination]);
    approve({ script: script('a'), amount: 1_500_000n });
    const facts = { destination: hex('a'), what: 'amount', spent: '1500000', limit: '2000000' };
    expect(judge({ script: script('a'), amount: 500_000n, requester: 'desk' })).toEqual([]);
    expect(judge({ script: script('a'), amount: 500_001n, requester: 'desk' })).toEqual([
      ['DESTINATION_WINDOW', { ...facts, asked: '500001' }],
    ]);
    expect(judge({ script: script('b'), amount: 2_000_000n })).toEqual([]);
  });

  it('keeps each requester to two thirds of its count, over drafts and destinations', () => {
    const { judge, approve } = makeWorld([requester]);
    approve({ script: script('a') });
    expect(judge({ script: script('b') })).toEqual([]);
    expect(judge({ script: script('b') }, { script: script('c') })).toEqual([
      ['REQUESTER_WINDOW', { requester: 'shop', what: 'count', spent: '1', asked: '2', limit: '2' }],
    ]);
    expect(judge({ requester: 'desk' }, { requester: 'desk' })).toEqual([]);
  });

  it('adds up what one draft splits, and reports every window that is broken, in order', () => {
    const { judge } = makeWorld([
      { ...destination, ticks: 1, amount: 15_000n, count: 2 },
      { ...requester, amount: 45_000n },
      destination,
    ]);
    const split = ['a', 'b', 'a'].map((label) => ({ script: script(label), amount: 12_000n }));
    expect(judge(...split)).toEqual([
      [
        'DESTINATION_WINDOW',
        { destination: hex('a'), what: 'amount', spent: '0', asked: '24000', limit: '10000' },
      ],
      ['DESTINATION_WINDOW', { destination: hex('a'), what: 'count', spent: '0', asked: '2', limit: '1' }],
      [
        'DESTINATION_WINDOW',
        { destination: hex('b'), what: 'amount', spent: '0', asked: '12000', limit: '10000' },
      ],
      ['REQUESTER_WINDOW', { requester: 'shop', what: 'amount', spent: '0', asked: '36000', limit: '30000' }],
      ['REQUESTER_WINDOW', { requester: 'shop', what: 'count', spent: '0', asked: '3', limit: '2' }],
    ]);
  });

  it('frees a window no earlier than its ticks and at most one tick later, each row by itself', () => {
    const { world, judge, approve } = makeWorld([
      destination,
      { ...destination, ticks: 12, amount: 4_500_000n },
    ]);
    approve({ script: script('a'), amount: 2_000_000n });
    world.pass(6);
    expect(judge({ script: script('a'), amount: 1n })).toMatchObject([
      ['DUST', {}],
      ['DESTINATION_WINDOW', {}],
    ]);
    world.pass(1);
    expect(judge({ script: script('a'), amount: 1_000_000n })).toEqual([]);
    expect(judge({ script: script('a'), amount: 1_000_001n })).toMatchObject([
      ['DESTINATION_WINDOW', { spent: '2000000', limit: '3000000' }],
    ]);
    world.pass(6);
    expect(judge({ script: script('a'), amount: 2_000_000n })).toEqual([]);
  });

  it('charges an intent once, however often it is bumped, and keeps the charge when it is cancelled', () => {
    const { world, judge } = makeWorld([destination]);
    const coins = world.fund([5_000_000n], 30);
    const intents = [world.intent({ script: script('a'), amount: 2_000_000n })];
    for (const amount of [2_990_000n, 2_980_000n])
      world.approve(world.request({ coins, intents, change: [{ amount }] }));
    world.approve(world.request({ coins, change: [{ amount: 4_970_000n }] }));
    expect(judge({ script: script('a') })).toMatchObject([['DESTINATION_WINDOW', { spent: '2000000' }]]);
  });

  it('remembers no destination longer than a window reaches, and its state comes back from the journal', () => {
    const { world, approve } = makeWorld([destination, requester]);
    for (let i = 0; i < 12; i++) {
      approve({ script: script(`destination ${i}`), requester: i % 2 === 0 ? 'shop' : 'desk' });
      world.pass(4);
    }
    const destinations = [...world.state.velocity.keys()].filter((key) => key.startsWith('destination'));
    expect(destinations.length).toBeLessThanOrEqual(2);
    for (const { totals } of world.state.velocity.values()) expect(totals.length).toBeLessThanOrEqual(3);
    const folded = new World(world.loaded.charter);
    for (const change of world.journal) applyChange(folded.state, change);
    expect(digestState(folded.state)).toEqual(digestState(world.state));
    expect([...folded.state.velocity.keys()]).toEqual([...world.state.velocity.keys()]);
  });

  it('counts the same with and without forgetting', () => {
    const { world, judge, approve } = makeWorld([{ ...destination, amount: 9_000_000n, count: 900 }]);
    const charged: { tick: number; amount: bigint }[] = [];
    for (let i = 0; i < 12; i++) {
      const amount = 10_000n + BigInt(i);
      approve({ script: script('a'), amount });
      charged.push({ tick: Math.floor(world.state.ticks.credited / 1000) + 1, amount });
      world.pass((i * 7) % 5);
      const past = Math.floor(world.state.ticks.credited / 1000) - 6;
      const expected = charged.filter(({ tick }) => tick > past).reduce((sum, row) => sum + row.amount, 0n);
      const asked = 6_000_001n;
      const spent = judge({ script: script('a'), amount: asked }).find(
        ([code]) => code === 'DESTINATION_WINDOW',
      )?.[1]['spent'];
      expect(spent).toBe(`${expected}`);
    }
  });

  it('counts under a longer window what the shorter one still held, and not all that ever was', () => {
    const { world, judge, approve } = makeWorld([destination]);
    for (let i = 0; i < 6; i++) {
      approve({ script: script('a'), amount: 1_900_000n });
      world.pass(7);
    }
    approve({ script: script('a'), amount: 900_000n });
    const { policy } = world.loaded.charter;
    const longer = { ...policy, velocity: [{ ...destination, ticks: 100 }] };
    world.install(charterAfter(world.loaded, { policy: longer }));
    expect(judge({ script: script('a'), amount: 1_100_000n })).toEqual([]);
    expect(judge({ script: script('a'), amount: 1_100_001n })).toMatchObject([
      ['DESTINATION_WINDOW', { spent: '900000' }],
    ]);
  });

  it('asks nothing and remembers nothing where the charter has no such window', () => {
    const { world, approve } = makeWorld([]);
    approve({ script: script('a') });
    expect(world.state.velocity.size).toBe(0);
    expect(world.journal.filter(({ kind }) => kind === 'approved')).toMatchObject([{ value: {} }]);
  });
});
