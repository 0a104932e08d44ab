import { displayTxid, serializeStripped, txidOf } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { digestState } from '../src/index.ts';
import { World } from './world.ts';

describe('an ordinary withdrawal', () => {
  it('is approved as the transaction that the signer builds from the draft', () => {
    const world = new World();
    const coins = world.fund([5_000_000n, 3_000_000n]);
    const intents = [world.intent({ amount: 2_000_000n }), world.intent({ amount: 1_500_000n })];
    const request = world.request({
      coins,
      intents,
      change: [{ amount: 4_490_000n, position: 1, index: 3 }],
    });
    const spend = world.approve(request);
    expect(spend.fee).toBe(10_000n);
    expect(spend.paid).toBe(3_500_000n);
    expect(spend.transaction.outputs.map(({ amount }) => amount)).toEqual([
      2_000_000n,
      4_490_000n,
      1_500_000n,
    ]);
    expect(spend.transaction.outputs[1]?.script).toEqual(world.script(1, 3));
    expect(spend.inputs.map(({ amount }) => amount)).toEqual([5_000_000n, 3_000_000n]);
    expect(spend.inputs[1]?.script.scriptPubKey).toEqual(world.script(0, 1));
    expect(serializeStripped(spend.transaction).length).toBeGreaterThan(100);
  });

  it('stays what was judged when the request is altered afterwards', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const request = world.request({ coins, intents: [world.intent()], change: [{ amount: 3_990_000n }] });
    const own = structuredClone(request);
    const outcome = world.evaluate(own);
    if (outcome.kind !== 'approved') throw new Error('refused');
    const before = serializeStripped(outcome.spend.transaction);
    for (const [txid] of own.draft.inputs) txid.fill(0);
    for (const [bytes, signature] of own.draft.intents) [bytes, signature].map((part) => part.fill(0));
    expect(serializeStripped(outcome.spend.transaction)).toEqual(before);
    expect(txidOf(outcome.spend.transaction)).toEqual(outcome.spend.txid);
  });

  it('for another intent of equal amount and destination carries both, once each, and spends its coins once', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const [one, two] = [world.intent({ id: 'one' }), world.intent({ id: 'two' })];
    const ask = (intent: typeof one) =>
      world.approve(world.request({ coins, intents: [intent], change: [{ amount: 3_990_000n }] }));
    const { txid } = ask(one);
    expect(ask(two).txid).toEqual(txid);
    ask(one);
    const shown = displayTxid(txid);
    expect([...world.state.intents.values()].map(({ carriers }) => carriers)).toEqual([[shown], [shown]]);
    expect([...world.state.coins.values()].map(({ spenders }) => spenders)).toEqual([[shown]]);
    expect(world.state.ledger.totals.at(-1)).toMatchObject({ amount: 2_000_000n, count: 2, fee: 10_000n });
  });

  it('changes nothing until its changes are applied, and nothing when it is approved again', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const request = world.request({ coins, intents: [world.intent()], change: [{ amount: 3_990_000n }] });
    const before = digestState(world.state);
    const first = world.evaluate(request);
    expect(digestState(world.state)).toEqual(before);
    world.approve(request);
    const after = digestState(world.state);
    const again = world.evaluate(request);
    expect(first.kind).toBe('approved');
    expect(again).toMatchObject({ kind: 'approved', changes: [] });
    expect(digestState(world.state)).toEqual(after);
  });
});
