import { describe, expect, it } from 'vitest';
import { sampleCharter, World } from './world.ts';

describe('a request', () => {
  it('that makes a known transaction is charged for each intent that is new in it', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const [one, two, three] = ['one', 'two', 'three'].map((id) => world.intent({ id }));
    if (one === undefined || two === undefined || three === undefined) throw new Error('no intents');
    const ask = (...intents: (typeof one)[]) =>
      world.approve(world.request({ coins, intents, change: [{ amount: 2_990_000n }] })).txid;
    const txid = ask(one, two);
    expect(ask(one, three)).toEqual(txid);
    expect(world.state.ledger.totals.at(-1)).toMatchObject({ amount: 3_000_000n, count: 3 });
    expect(world.state.intents.size).toBe(3);
    const again = world.evaluate(
      world.request({ coins, intents: [two, three], change: [{ amount: 2_990_000n }] }),
    );
    expect(again).toMatchObject({ kind: 'approved', changes: [] });
  });

  it('that is over a cap is refused by that alone, before anything of it is read', () => {
    const sample = sampleCharter();
    const world = new World({ ...sample, policy: { ...sample.policy, maxIntents: 1, maxVsize: 200 } });
    const coins = world.fund([5_000_000n]);
    const good = world.intent();
    const limit = (what: string, got: string, most: string) => [['LIMIT', { what, got, limit: most }]];
    const two = { ...world.request({ coins, intents: [good] }) };
    const bad = { ...two, draft: { ...two.draft, intents: [good, [Uint8Array.of(1), good[1]] as const] } };
    expect(world.refusals(bad)).toEqual(limit('intents', '2', '1'));
    const unknown = coins.map((coin) => ({ ...coin, vout: 9 }));
    const large = world.request({ coins: [...coins, ...unknown], intents: [good] });
    expect(world.refusals(large)).toMatchObject([['LIMIT', { what: 'vsize', limit: '200' }]]);
  });
});
