/**
 * Coins that nobody has signed: a hostile vault can have any number of transactions admitted that no chain holds. Whatever it makes
 * up, no draft pays more with it than the mined coins beneath hold. Spec: protocol-spec/10-policy.md, "Admission".
 */
import { outpointKey, serializeStripped, txidOf } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { admit } from '../src/index.ts';
import { worthOf } from '../src/state/worth.ts';
import { type Coin, World } from './world.ts';

const at = { vout: 0, wallet: 0, chain: 0, index: 8 } as const;

function makeUp(world: World, inputs: readonly Coin[], amount: bigint, locktime: number) {
  const transaction = {
    version: 2,
    locktime,
    inputs: inputs.map(({ txid, vout }) => ({ outpoint: { txid, vout }, sequence: 0xfffffffd })),
    outputs: [{ amount, script: world.script(0, 8) }],
  } as const;
  const body = { transaction: serializeStripped(transaction), coins: [at], proof: null };
  const coin: Coin = { ...at, txid: txidOf(transaction), amount };
  return { body, coin };
}

/** As many transactions as asked that spend the same coins, each of them whole. */
function rivals(world: World, inputs: readonly Coin[], amount: bigint, count: number): readonly Coin[] {
  return Array.from({ length: count }, (_, locktime) => {
    const { body, coin } = makeUp(world, inputs, amount, locktime);
    world.admitAny(body);
    return coin;
  });
}

const codesOf = (world: World, body: Parameters<typeof admit>[1]): readonly string[] => {
  const judged = admit(world.state, body);
  return judged.kind === 'refused' ? judged.refusals.map(({ code }) => code) : [];
};

describe('coins that nobody has signed', () => {
  it('are worth together what is beneath them, however many spend it side by side', () => {
    const world = new World();
    const [one, other] = world.fund([10_000n, 7_000n]);
    if (one === undefined || other === undefined) throw new Error('two coins');
    const many = rivals(world, [one], 10_000n, 50);
    expect(worthOf(world.state, many.map(outpointKey))).toBe(10_000n);
    expect(codesOf(world, makeUp(world, many, 10_001n, 0).body)).toEqual(['UNPROVEN_PARENT']);
    expect(codesOf(world, makeUp(world, many, 10_000n, 0).body)).toEqual([]);
    const both = [...many, other];
    expect(codesOf(world, makeUp(world, both, 17_001n, 0).body)).toEqual(['UNPROVEN_PARENT']);
    const child = rivals(world, both, 17_000n, 2);
    expect(worthOf(world.state, [...both, ...child].map(outpointKey))).toBe(17_000n);
  });

  it('are spent together for no more than that: an intent that large waits for none of them', () => {
    const world = new World();
    const [small, large] = world.fund([10_000n, 5_000_000n]);
    if (small === undefined || large === undefined) throw new Error('two coins');
    const made = rivals(world, [small], 10_000n, 3);
    const intents = [world.intent({ amount: 20_000n })];
    const [first] = made;
    const refused = world.refusals(world.request({ coins: made, intents, change: [{ amount: 9_000n }] }));
    expect(refused).toMatchObject([['UNPROVEN_PARENT', { txid: first && outpointKey(first).slice(0, 64) }]]);
    // Beside a mined coin they add what is beneath them, once.
    const sum = 5_000_000n + 10_000n;
    const pay = (coins: readonly Coin[], left: bigint) =>
      world.refusals(world.request({ coins, intents, change: [{ amount: left }] }));
    expect(pay([large, ...made.slice(0, 1)], sum - 30_000n)).toEqual([]);
    expect(pay([large, ...made.slice(0, 2)], sum + 10_000n - 30_000n)).toMatchObject([
      ['UNPROVEN_PARENT', {}],
    ]);
    // What the small coin itself is spent with beside its own children counts once as well.
    expect(pay([large, small, ...made.slice(0, 1)], sum + 10_000n - 30_000n)).toMatchObject([
      ['UNPROVEN_PARENT', {}],
    ]);
    expect(pay([large], 5_000_000n - 30_000n)).toEqual([]);
  });

  it('are not judged beside a coin that is not there: what it is worth nobody knows', () => {
    const world = new World();
    const [coin] = world.fund([10_000n]);
    if (coin === undefined) throw new Error('a coin');
    const [made] = rivals(world, [coin], 10_000n, 1);
    if (made === undefined) throw new Error('a child');
    const unknown = { ...coin, vout: 9, amount: 50_000n };
    const request = world.request({ coins: [made, unknown], change: [{ amount: 55_000n }] });
    expect(world.refusals(request).map(([code]) => code)).toEqual(['UNKNOWN_OUTPOINT']);
  });

  it('count in full once they are mined', () => {
    const world = new World();
    const [coin] = world.fund([10_000n]);
    if (coin === undefined) throw new Error('a coin');
    const { body, coin: child } = makeUp(world, [coin], 9_000n, 0);
    world.admitAny(body);
    expect(worthOf(world.state, [outpointKey(child)])).toBe(10_000n);
    world.pass(1, [child.txid]);
    world.admitAny({ ...body, proof: world.proofOf(child.txid) });
    expect(worthOf(world.state, [outpointKey(child)])).toBe(9_000n);
  });

  it('are walked once each, however they hang together', () => {
    const world = new World();
    let row: readonly Coin[] = world.fund([10_000n]);
    for (let level = 0; level < 40; level += 1) row = rivals(world, row, 10_000n, 6);
    expect(worthOf(world.state, row.map(outpointKey))).toBe(10_000n);
  });
});
