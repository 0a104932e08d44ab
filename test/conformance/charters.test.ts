/**
 * Later charters: policy, the gate and the audit read the ordering table by code that shares nothing, and must say the same of any
 * two charters; and what the table calls tightening lets nothing through that the earlier charter keeps back.
 */
import { loosens as loosensToAuditors } from '@coldwire/audit/charter/loosens.ts';
import { loosens } from '@coldwire/gate/core/ordering.ts';
import { compareCharters } from '@coldwire/policy';
import type { Charter, SignRequest } from '@coldwire/protocol';
import { findCharterProblems } from '@coldwire/protocol/charter/consistency.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charterAfter, identity, sampleCharter, seeded, World } from '../../packages/policy/test/world.ts';

type Policy = Charter['policy'];

const scriptOf = (label: string): Uint8Array =>
  Uint8Array.from([0, 20, ...seeded(`destination ${label}`).slice(0, 20)]);
const APPROVERS = ['eve', 'fay', 'gus'].map((name) => ({
  name,
  keys: [{ kind: 'ssh-ed25519' as const, key: identity(name).publicKey, application: '' }],
}));
const amount = fc.constantFrom(1_000_000n, 1_500_000n, 3_000_000n, 9_000_000n);
const row = fc.record({
  ticks: fc.constantFrom(6, 12),
  amount,
  count: fc.constantFrom(2, 3, 9),
});

/** Each field in its few values: many pairs are the same but for one. */
const policyChange: fc.Arbitrary<Partial<Policy>> = fc.record(
  {
    maxInputs: fc.constantFrom(1, 2, 1000),
    maxOutputs: fc.constantFrom(2, 3, 1000),
    maxIntents: fc.constantFrom(1, 2, 1000),
    maxVsize: fc.constantFrom(300, 600, 100_000),
    amountPerTransaction: amount,
    windows: fc.array(
      row.map((one) => ({ ...one, fee: 30_000n })),
      { minLength: 1, maxLength: 2 },
    ),
    feeAbsolute: fc.constantFrom(5_000n, 20_000n, 100_000n),
    feeRate: fc.constantFrom(10_000, 60_000, 200_000),
    feeShare: fc.constantFrom(1, 10, 50),
    feeShareFloor: fc.constantFrom(0n, 5_000n, 20_000n),
    scripts: fc.subarray(['p2pkh', 'p2wpkh', 'p2wsh'] as const, { minLength: 1 }),
    changeGap: fc.constantFrom(1, 2, 20),
    receiveLimit: fc.constantFrom(1, 2, 1000),
    intentLife: fc.constantFrom(50, 144),
    intentAhead: fc.constantFrom(0, 2),
    freezeTicks: fc.constantFrom(36, 40),
    gateDelay: fc.constantFrom(600, 900),
    velocity: fc.array(
      fc
        .record({ per: fc.constantFrom('destination' as const, 'requester' as const) })
        .chain(({ per }) => row.map((one) => ({ per, ...one }))),
      { maxLength: 2 },
    ),
    destinations: fc.constantFrom('any' as const, 'registered' as const, 'listed' as const),
    destinationTicks: fc.constantFrom(1, 6),
    allow: fc.subarray(['x', 'y'].map(scriptOf)),
    deny: fc.subarray(['y', 'z'].map(scriptOf)),
    tiers: fc.array(
      fc.record({
        above: fc.constantFrom(0n, 1_000_000n, 2_000_000n),
        approvals: fc.constantFrom(1, 2),
        approvers: fc.subarray(['eve', 'fay', 'gus'], { minLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    loosenTicks: fc.constantFrom(100, 144),
  },
  { requiredKeys: [] },
);

const sample = sampleCharter();
const charterChange: fc.Arbitrary<Partial<Charter>> = fc.record(
  {
    title: fc.constantFrom('Test treasury', 'Another'),
    vaults: fc.subarray([...sample.vaults], { minLength: 1 }),
    gates: fc.subarray([...sample.gates], { minLength: 1 }),
    screens: fc.subarray([...sample.screens], { minLength: 1 }),
    requesters: fc
      .subarray([...sample.requesters], { minLength: 1 })
      .chain((rows) =>
        fc
          .tuple(fc.subarray(['eve', 'fay', 'gus']), fc.boolean())
          .map(([people, all]) =>
            rows.map((one) => ({ ...one, people, keys: one.keys.slice(0, all ? 2 : 1) })),
          ),
      ),
    custodians: fc.subarray([...sample.custodians], { minLength: 2 }),
    approvers: fc.subarray(APPROVERS),
    quorum: fc.constantFrom(2, 3),
    clock: fc
      .record({ burial: fc.constantFrom(3, 6), fresh: fc.constantFrom(3_600, 43_200) })
      .map((one) => ({ ...sample.clock, ...one })),
  },
  { requiredKeys: [] },
);

const charter = fc.tuple(charterChange, policyChange).map(
  ([change, policy]): Charter => ({
    ...sample,
    approvers: APPROVERS,
    ...change,
    policy: { ...sample.policy, ...policy },
  }),
);
const pair = fc.oneof(
  fc.tuple(charter, charter),
  // Near ones, so that tightening is not rare.
  fc
    .tuple(charter, charterChange, policyChange, fc.integer({ min: 0, max: 40 }))
    .map(([old, change, policy, pick]): [Charter, Charter] => {
      const changes = [...Object.entries(change).map(([key, value]) => ({ [key]: value }))];
      const policies = [...Object.entries(policy).map(([key, value]) => ({ [key]: value }))];
      return [
        old,
        {
          ...old,
          ...changes[pick % Math.max(2, changes.length * 2)],
          policy: { ...old.policy, ...policies[pick % Math.max(1, policies.length)] },
        },
      ];
    }),
);

function isStep(old: Charter, now: Charter): boolean {
  return compareCharters(old, now).change === 'tightening' && findCharterProblems(now).length === 0;
}

/** Made by steps that each tighten one field, by the table's own word. */
const tightened = fc.array(pair, { minLength: 1, maxLength: 6 }).map((pairs): [Charter, Charter] => {
  let now: Charter = { ...sample, approvers: APPROVERS };
  const first = now;
  for (const [, other] of pairs) {
    for (const key of ['screens', 'requesters', 'approvers', 'clock', 'gates'] as const) {
      const next = { ...now, [key]: other[key] };
      if (isStep(now, next)) now = next;
    }
    for (const [key, value] of Object.entries(other.policy)) {
      const next = { ...now, policy: { ...now.policy, [key]: value } };
      if (isStep(now, next)) now = next;
    }
  }
  return [first, now];
});

describe('the ordering of charters', () => {
  it('is read alike by policy, by the gate and by the audit', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(pair, ([old, now]) => {
        const { change } = compareCharters(old, now);
        seen.add(change);
        expect(loosens(old, now)).toBe(change === 'loosening');
        expect(loosensToAuditors(old, now)).toBe(change === 'loosening');
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(['loosening', 'same', 'tightening']);
  });

  it('is transitive where it tightens', () => {
    fc.assert(
      fc.property(fc.tuple(charter, charter, charter), ([a, b, c]) => {
        const [ab, bc] = [loosens(a, b), loosens(b, c)];
        if (!ab && !bc) expect(loosens(a, c)).toBe(false);
      }),
      { numRuns: 800 },
    );
  });
});

const draw = fc.record({
  coins: fc.subarray([0, 1, 2], { minLength: 1 }),
  amounts: fc.array(fc.constantFrom(400_000n, 1_000_000n, 1_500_001n), { maxLength: 3 }),
  to: fc.constantFrom('x', 'y', 'z', 'w'),
  requester: fc.constantFrom('shop', 'desk'),
  key: fc.constantFrom('', ' spare'),
  life: fc.constantFrom(40, 100, 144),
  ahead: fc.constantFrom(0, 1),
  screen: fc.constantFrom('screen-1', 'screen-2'),
  fee: fc.constantFrom(1_000n, 6_000n, 25_000n, 90_000n),
  index: fc.constantFrom(0, 1, 5),
  old: fc.boolean(),
});
type Draw = typeof draw extends fc.Arbitrary<infer T> ? T : never;

function requestOf(world: World, coins: ReturnType<World['fund']>, one: Draw): SignRequest {
  const picked = coins.filter((_, place) => one.coins.includes(place));
  const created = world.height + one.ahead;
  const intents = one.amounts.map((value, place) =>
    world.intent({
      id: one.old ? `old ${place}` : `fresh ${place}`,
      amount: value,
      requester: one.requester,
      key: `${one.requester}${one.key}`,
      script: scriptOf(one.to),
      created,
      expires: created + one.life,
    }),
  );
  const paid = one.amounts.reduce((sum, value) => sum + value, 0n);
  const left = BigInt(picked.length) * 5_000_000n - paid - one.fee;
  const verdicts = intents.length === 0 ? [] : [world.verdict(intents, undefined, one.screen)];
  return world.request({ coins: picked, intents, change: [{ amount: left, index: one.index }], verdicts });
}

describe('a charter that only tightens', () => {
  it('lets nothing through that the one before it refuses', () => {
    let approved = 0;
    let tighter = 0;
    fc.assert(
      fc.property(
        tightened,
        draw,
        fc.array(draw, { minLength: 4, maxLength: 10 }),
        ([old, now], before, draws) => {
          const world = new World(old);
          const coins = world.fund([5_000_000n, 5_000_000n, 5_000_000n]);
          const first = world.evaluate(requestOf(world, coins, { ...before, old: true }));
          if (first.kind === 'approved') world.apply(first.changes);
          const requests = draws.map((one) => requestOf(world, coins, one));
          const passed = requests.map((request) => world.evaluate(request).kind === 'approved');
          const { approvers, clock, gates, policy, requesters, screens } = now;
          world.install(charterAfter(world.loaded, { approvers, clock, gates, policy, requesters, screens }));
          expect(world.state.charter.charter.epoch).toBe(1);
          for (const [place, request] of requests.entries()) {
            const passes = world.evaluate(request).kind === 'approved';
            if (passes) expect(passed[place]).toBe(true);
            if (passed[place] === true) approved += 1;
            if (passed[place] === true && !passes) tighter += 1;
          }
        },
      ),
      { numRuns: 50 },
    );
    expect(approved).toBeGreaterThan(0);
    expect(tighter).toBeGreaterThan(0);
  });
});
