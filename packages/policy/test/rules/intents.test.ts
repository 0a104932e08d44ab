import { toHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { type Coin, seeded, World } from '../world.ts';

const idOf = (label: string): string => toHex(seeded(label).slice(0, 16));

function spendOf(world: World, coins: readonly Coin[], plan: Parameters<World['intent']>[0]) {
  return world.request({
    coins,
    intents: [world.intent({ id: 'x', ...plan })],
    change: [{ amount: 3_990_000n }],
  });
}

describe('intents', () => {
  it('refuses an intent whose signature is by nobody, by another requester, or over other bytes', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const refusal = [['INTENT_SIGNATURE', { intent: idOf('x') }]];
    expect(world.refusals(spendOf(world, coins, { requester: 'nobody', key: 'shop' }))).toEqual(refusal);
    expect(world.refusals(spendOf(world, coins, { requester: 'shop', key: 'desk' }))).toEqual(refusal);
    const [bytes] = world.intent({ id: 'x', amount: 1_000_000n });
    const [, signature] = world.intent({ id: 'x', amount: 999_999n });
    const request = world.request({ coins, intents: [[bytes, signature]], change: [{ amount: 3_990_000n }] });
    expect(world.refusals(request)).toEqual(refusal);
  });

  it("takes either of a requester's keys", () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    expect(world.refusals(spendOf(world, coins, { key: 'shop spare' }))).toEqual([]);
  });

  it('refuses an intent from the future, one that lives too long, and one that ends before it begins', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const now = world.height;
    for (const [created, expires] of [
      [now + 3, now + 100],
      [now, now + 145],
      [now + 1, now],
    ] as const) {
      const facts = { intent: idOf('x'), created: `${created}`, expires: `${expires}`, now: `${now}` };
      expect(world.refusals(spendOf(world, coins, { created, expires }))).toEqual([['INTENT_LIFE', facts]]);
    }
    expect(world.refusals(spendOf(world, coins, { created: now + 2, expires: now + 146 }))).toEqual([]);
  });

  it('refuses an intent that expired before it was first seen, at the block after its last', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const expires = world.height + 1;
    const request = () => spendOf(world, coins, { created: 0, expires: 100 });
    const late = () => spendOf(world, coins, { created: expires - 10, expires });
    world.pass(1);
    expect(world.refusals(late())).toEqual([]);
    world.pass(1);
    const facts = { intent: idOf('x'), expires: `${expires}`, now: `${expires + 1}` };
    expect(world.refusals(late())).toEqual([['EXPIRED', facts]]);
    expect(world.refusals(request())).toMatchObject([['EXPIRED', {}]]);
  });

  it('judges expiry and screening at first sight only: a stuck intent can be bumped after both have passed', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intent = world.intent({ expires: world.height + 1 });
    world.approve(world.request({ coins, intents: [intent], change: [{ amount: 3_990_000n }] }));
    world.pass(10);
    const bump = world.request({ coins, intents: [intent], change: [{ amount: 3_980_000n }], verdicts: [] });
    expect(world.refusals(bump)).toEqual([]);
  });

  it('refuses a known id with other contents', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    world.approve(spendOf(world, coins, {}));
    const other = spendOf(world, coins, { amount: 999_999n });
    expect(world.refusals(other)).toEqual([['INTENT_REUSED', { intent: idOf('x') }]]);
  });

  it('refuses an id that stands twice in one draft, with the same contents and with others', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const one = world.intent({ id: 'x' });
    for (const two of [one, world.intent({ id: 'x', amount: 1_000_001n })]) {
      const request = world.request({ coins, intents: [one, two], change: [{ amount: 2_980_000n }] });
      expect(world.refusals(request)).toEqual([['DUP_INTENT', { intent: idOf('x') }]]);
    }
  });

  it('says which intent does not decode', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const request = world.request({ coins, intents: [world.intent()], verdicts: [] });
    const broken = {
      ...request,
      draft: {
        ...request.draft,
        intents: [...request.draft.intents, [Uint8Array.of(0xa0), new Uint8Array(64)] as const],
      },
    };
    const outcome = world.evaluate(broken);
    expect(outcome).toMatchObject({ kind: 'malformed', fault: { code: 'MALFORMED' } });
    expect(outcome.kind === 'malformed' && outcome.fault.detail).toMatch(/^intent 1: /);
  });
});

describe('screening', () => {
  it('refuses every intent that no good verdict covers, and takes several verdicts of several screens', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intents = ['x', 'y', 'z'].map((id) => world.intent({ id }));
    const change = [{ amount: 1_980_000n }];
    const screened = (verdicts: ReturnType<World['verdict']>[]) =>
      world.refusals(world.request({ coins, intents, change, verdicts }));
    const all = ['x', 'y', 'z'].map((id) => ['SCREENING', { intent: idOf(id) }]);
    expect(screened([])).toEqual(all);
    expect(screened([world.verdict(intents, [0, 2])])).toEqual([all[1]]);
    expect(screened([world.verdict(intents, [0, 2]), world.verdict(intents, [1], 'screen-2')])).toEqual([]);
    const good = world.verdict(intents);
    const forged = { ...good, signature: good.signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)) };
    expect(screened([forged])).toEqual(all);
    expect(screened([{ ...good, screen: 'gate-1' }])).toEqual(all);
    expect(screened([world.verdict(intents, [0, 1, 2, 3])])).toEqual(all);
    expect(screened([world.verdict(intents, [2, 1, 0])])).toEqual(all);
    expect(screened([world.verdict(intents, [0, 0])])).toEqual(all);
  });

  it('refuses a verdict that is older than an intent may be, or from the future', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intent = () => world.intent({ id: 'x', created: world.height, expires: world.height + 100 });
    const old = world.verdict([intent()]);
    const first = [intent()];
    const verdict = world.verdict(first);
    const later = { ...verdict, issued: verdict.issued + 3 };
    const request = (verdicts: (typeof old)[]) =>
      world.request({ coins, intents: first, change: [{ amount: 3_990_000n }], verdicts });
    expect(world.refusals(request([later]))).toMatchObject([['SCREENING', {}]]);
    const long = world.verdict([
      world.intent({ id: 'x', created: world.height + 143, expires: world.height + 243 }),
    ]);
    const late = world.intent({ id: 'x', created: world.height + 143, expires: world.height + 243 });
    world.pass(144);
    const plan = { coins, intents: [late], change: [{ amount: 3_990_000n }], verdicts: [long] };
    expect(world.refusals(world.request(plan))).toEqual([]);
    world.pass(1);
    expect(world.refusals(world.request(plan))).toEqual([['SCREENING', { intent: idOf('x') }]]);
  });
});
