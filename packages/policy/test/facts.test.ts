import { decodeIntent } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { buildFacts, decodeIntents } from '../src/facts.ts';
import { enforce } from '../src/state/state.ts';
import { type DraftPlan, World } from './world.ts';

const MONEY = 2_100_000_000_000_000n;
const world = new World();
const coins = world.fund([5_000_000n]);

function factsOf(plan: Partial<DraftPlan>) {
  const request = world.request({ coins, ...plan });
  const intents = decodeIntents(request.draft.intents);
  if (!intents.ok) throw new Error(intents.fault.detail);
  return buildFacts(world.state, request, intents.value, world.now, world.uptime);
}

describe('the facts of a request', () => {
  it('have change where our wallet has it, and none elsewhere', () => {
    const change = [
      { amount: 1n, index: 19 },
      { amount: 2n, index: 20 },
      { amount: 3n, index: 0xffffffff },
      { amount: 4n, wallet: 1, index: 0 },
    ];
    const facts = factsOf({ change });
    expect(facts.change.map(({ script }) => script)).toEqual([
      world.script(1, 19),
      undefined,
      undefined,
      undefined,
    ]);
    expect([facts.transaction, facts.txid]).toEqual([undefined, undefined]);
  });

  it('have no change of a wallet that is not the newest', () => {
    const own = new World();
    const [wallet] = own.loaded.charter.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const charter = { ...own.loaded.charter, wallets: [wallet, wallet] };
    // No charter that people sign has two; the rules are ready for one.
    enforce(own.state, { ...own.loaded, charter, newestWallet: 1 });
    const request = own.request({
      coins: own.fund([1_000n]),
      change: [
        { amount: 1n, wallet: 0, index: 0 },
        { amount: 1n, wallet: 1, index: 0 },
      ],
    });
    const facts = buildFacts(own.state, request, [], own.now, own.uptime);
    expect(facts.change.map(({ script }) => script)).toEqual([undefined, own.script(1, 0, 1)]);
  });

  it('charge the whole fee for coins that nobody knows, and find no other spender of them', () => {
    const unknown = coins.map((coin) => ({ ...coin, vout: 7 }));
    const facts = factsOf({ coins: unknown, change: [{ amount: 4_999_000n }] });
    expect(facts.charge).toEqual({ amount: 0n, count: 0, fee: 1_000n });
    expect([...facts.conflicting]).toEqual([]);
  });

  it('charge of a fee what is above the one that the coin was charged, and never give any of it back', () => {
    const own = new World();
    const funded = own.fund([5_000_000n]);
    const move = (fee: bigint) => own.request({ coins: funded, change: [{ amount: 5_000_000n - fee }] });
    own.approve(move(1_000n));
    const feeOf = (fee: bigint) => buildFacts(own.state, move(fee), [], own.now, own.uptime).charge.fee;
    expect([400n, 999n, 1_000n, 1_001n].map(feeOf)).toEqual([0n, 0n, 0n, 1n]);
  });

  it('say of each output where it comes from, in the order of the transaction', () => {
    const intents = [world.intent({ amount: 7n }), world.intent({ amount: 8n })];
    const facts = factsOf({ intents, change: [{ amount: 9n, position: 1 }] });
    expect(facts.outputs.map(({ amount, from }) => [amount, from])).toEqual([
      [7n, 'intent'],
      [9n, 'change'],
      [8n, 'intent'],
    ]);
    expect(facts).toMatchObject({ sumIn: 5_000_000n, sumOut: 24n, fee: 4_999_976n, paid: 15n });
  });

  it('have a transaction of any amounts that there can be, and of no others', () => {
    const build = (amount: bigint) => factsOf({ change: [{ amount }] }).transaction?.outputs[0]?.amount;
    expect([0n, MONEY, MONEY + 1n].map(build)).toEqual([0n, MONEY, undefined]);
  });

  it('are of no intent that is none: the first bad one is named', () => {
    const good = world.intent();
    expect(decodeIntent(good[0]).ok).toBe(true);
    const bad = decodeIntents([good, [Uint8Array.of(0xa0), good[1]]]);
    if (bad.ok) throw new Error('it was decoded');
    expect(bad.fault.detail).toMatch(/^intent 1: /);
  });
});
