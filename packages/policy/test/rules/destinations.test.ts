import { type Charter, concatBytes, toHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { MAX_REGISTERED } from '../../src/destination/register.ts';
import { applyChange, digestState } from '../../src/index.ts';
import { charterAfter, sampleCharter, seeded, World } from '../world.ts';

const script = (label: string) => concatBytes(Uint8Array.of(0, 20), seeded(label).slice(0, 20));
const intent = toHex(seeded('x').slice(0, 16));
const refusal = (code: string, more = {}): [string, Record<string, string>][] => [
  [code, { intent, ...more }],
];

function makeWorld(policy: Partial<Charter['policy']>) {
  const charter = sampleCharter();
  const world = new World({ ...charter, policy: { ...charter.policy, ...policy } });
  const coins = world.fund([5_000_000n]);
  const pay = (to: Uint8Array, requester = 'shop') =>
    world.request({
      coins,
      intents: [world.intent({ id: 'x', script: to, requester })],
      change: [{ amount: 3_990_000n }],
    });
  return { world, pay, judge: (to: Uint8Array, requester?: string) => world.refusals(pay(to, requester)) };
}

describe('the lists of destinations', () => {
  it('deny a destination in every mode, and none that only looks like it', () => {
    const bad = script('bad');
    const alike = bad.with(10, (bad[10] ?? 0) ^ 1);
    for (const destinations of ['any', 'registered'] as const) {
      const { world, judge } = makeWorld({ destinations, destinationTicks: 1, deny: [bad] });
      world.register('shop', bad);
      world.register('shop', alike);
      world.pass(2);
      expect(judge(bad)).toEqual(refusal('DESTINATION_DENIED'));
      expect(judge(alike)).toEqual([]);
    }
  });

  it('allow what is listed and, where only that is paid, nothing else', () => {
    const { world, judge } = makeWorld({ destinations: 'listed', allow: [script('good')] });
    world.register('shop', script('other'));
    world.pass(2);
    expect(judge(script('good'))).toEqual([]);
    expect(judge(script('other'))).toEqual(refusal('DESTINATION_UNKNOWN'));
  });

  it('are asked at first sight only, so that a payment that was signed can be bumped', () => {
    const { world, pay } = makeWorld({});
    const first = pay(script('later denied'));
    world.approve(first);
    world.state.charter = { ...world.loaded, denied: new Set([toHex(script('later denied'))]) };
    const bumped = { ...first.draft, change: [[0, 0, 3_980_000n, 1] as const] };
    expect(world.refusals({ draft: bumped, verdicts: [] })).toEqual([]);
  });
});

describe('a registration', () => {
  const policy = { destinations: 'registered', destinationTicks: 3, allow: [script('listed')] } as const;

  it('lets its requester pay after the delay, to the tick, and nobody else', () => {
    const { world, judge } = makeWorld(policy);
    expect(judge(script('new'))).toEqual(refusal('DESTINATION_UNKNOWN'));
    expect(judge(script('listed'))).toEqual([]);
    expect(world.register('shop', script('new'))).toMatchObject({
      kind: 'ok',
      changes: [{ kind: 'registered' }],
    });
    expect(judge(script('new'))).toEqual(refusal('DESTINATION_DELAY', { until: '4.000' }));
    world.pass(2);
    expect(judge(script('new'))).toEqual(refusal('DESTINATION_DELAY', { until: '4.000' }));
    world.pass(1);
    expect(judge(script('new'))).toEqual([]);
    expect(judge(script('new'), 'desk')).toEqual(refusal('DESTINATION_UNKNOWN'));
  });

  it('is signed by a key of its requester', () => {
    const { world } = makeWorld(policy);
    const refused = { kind: 'refused', refusals: [{ code: 'REGISTRATION_SIGNATURE' }] };
    expect(world.register('shop', script('new'), 'desk')).toMatchObject(refused);
    expect(world.register('nobody', script('new'), 'shop')).toMatchObject(refused);
    expect(world.register('shop', script('new'), 'shop spare')).toMatchObject({ kind: 'ok' });
    expect(world.state.registered.get('shop')?.size).toBe(1);
  });

  it('counts from the first time, however often it is repeated', () => {
    const { world, judge } = makeWorld(policy);
    world.register('shop', script('new'));
    world.pass(2);
    const before = digestState(world.state);
    expect(world.register('shop', script('new'))).toEqual({ kind: 'ok', changes: [] });
    expect(digestState(world.state)).toEqual(before);
    world.pass(1);
    expect(judge(script('new'))).toEqual([]);
  });

  it('is in the digest with its tick, and comes back from the journal', () => {
    const { world } = makeWorld(policy);
    const before = digestState(world.state);
    world.register('shop', script('new'));
    const after = digestState(world.state);
    expect(after).not.toEqual(before);
    const folded = new World(world.loaded.charter);
    for (const change of world.journal) applyChange(folded.state, change);
    expect(digestState(folded.state)).toEqual(after);
  });

  it('goes with its requester, whose share is free then; when the requester is back it waits anew', () => {
    const { world, judge } = makeWorld(policy);
    world.register('shop', script('new'));
    world.register('desk', script('other'));
    const { requesters } = world.loaded.charter;
    const less = requesters.filter(({ name }) => name === 'desk');
    const fewer = world.install(charterAfter(world.loaded, { requesters: less }));
    expect([...world.state.registered.keys()]).toEqual(['desk']);
    const before = digestState(world.state);
    const folded = new World(world.loaded.charter);
    for (const change of world.journal) applyChange(folded.state, change);
    expect(digestState(folded.state)).toEqual(before);
    const known = Array.from({ length: MAX_REGISTERED - 1 }, (_, i) => [`${i}`, 0] as const);
    world.state.registered.set('desk', new Map(known));
    expect(world.register('desk', script('last'))).toMatchObject({ kind: 'ok', changes: [{}] });
    world.install(charterAfter(fewer, { requesters }));
    world.pass(144);
    world.enact();
    expect(judge(script('new'))).toEqual(refusal('DESTINATION_UNKNOWN'));
  });

  it('is refused when its requester has used up its own share, and others still have theirs', () => {
    const { world } = makeWorld(policy);
    const share = MAX_REGISTERED / 2;
    const known = new Map(Array.from({ length: share - 1 }, (_, i) => [`${i}`, 0] as const));
    world.state.registered.set('shop', known);
    expect(world.register('shop', script('last'))).toMatchObject({ kind: 'ok', changes: [{}] });
    expect(world.register('shop', script('more'))).toMatchObject({
      kind: 'refused',
      refusals: [
        {
          code: 'LIMIT',
          facts: [
            ['what', 'registered'],
            ['got', `${share + 1}`],
            ['limit', `${share}`],
          ],
        },
      ],
    });
    expect(world.register('shop', script('last'))).toEqual({ kind: 'ok', changes: [] });
    expect(world.register('desk', script('more'))).toMatchObject({ kind: 'ok', changes: [{}] });
  });
});
