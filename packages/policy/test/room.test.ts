/** How much may be admitted: to the last index, and to the last coin without a proof. */
import { type Admit, concatBytes } from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { decodeStripped } from '../src/admit.ts';
import { admit } from '../src/index.ts';
import { type Coin, factsOf, World } from './world.ts';

const UNPROVEN = 65_536;

function codes(world: World, body: Admit): unknown {
  const outcome = admit(world.state, body);
  if (outcome.kind !== 'refused') return outcome.kind;
  return outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]);
}

/** An unmined transaction of ours: one coin of ours, and one input to remember. */
function unmined(world: World, { txid, vout }: Coin, locktime: number): Admit {
  const inputs = [{ outpoint: { txid, vout }, sequence: 0xfffffffd }];
  const outputs = [{ amount: 900_000n, script: world.script(0, 8) }];
  return {
    transaction: serializeStripped({ version: 2, locktime, inputs, outputs }),
    coins: [{ vout: 0, wallet: 0, chain: 0, index: 8 }],
    proof: null,
  };
}

/** A world that remembers so many things without a proof. */
function crowded(count: number): { world: World; coin: Coin; known: Admit } {
  const world = new World();
  const [coin] = world.fund([1_000_000n]);
  if (coin === undefined) throw new Error('no coin');
  const known = unmined(world, coin, 0);
  world.admitAny(known);
  const [record] = [...world.state.coins.values()].filter(({ blocks }) => blocks.length === 0);
  if (record === undefined) throw new Error('no record');
  // Its coin and its input are two; the others are coins of nobody.
  for (let vout = 0; vout < count - 2; vout++) {
    const key = `${'ab'.repeat(32)}:${vout}`;
    world.state.coins.set(key, { ...record, key, vout, blocks: [], spends: [], spenders: [] });
  }
  return { world, coin, known };
}

describe('admission', () => {
  it('takes no transaction with a witness, be it empty', () => {
    const world = new World();
    const { bytes } = world.foreign([{ amount: 1_000n, script: world.script(0, 1) }]);
    const end = bytes.length - 4;
    const withWitness = (...items: number[]) =>
      concatBytes(
        bytes.slice(0, 4),
        Uint8Array.of(0, 1),
        bytes.slice(4, end),
        Uint8Array.from(items),
        bytes.slice(end),
      );
    expect(decodeStripped(bytes)).toHaveProperty('transaction');
    for (const items of [[0], [1, 0], [1, 1, 7]])
      expect(decodeStripped(withWitness(...items))).toMatchObject({ kind: 'malformed' });
  });

  it('reaches to the last index that anybody would look at', () => {
    const world = new World();
    const { bytes, txid } = world.foreign([
      { amount: 1_000n, script: world.script(0, 999) },
      { amount: 2_000n, script: world.script(1, 19) },
    ]);
    world.pass(1, [txid]);
    const coins = [
      { vout: 0, wallet: 0, chain: 0, index: 999 },
      { vout: 1, wallet: 0, chain: 1, index: 19 },
    ];
    expect(world.admitAny({ transaction: bytes, coins, proof: world.proofOf(txid) })).toHaveLength(2);
  });

  it('takes what has no proof up to 65,536 coins and inputs, and not one more', () => {
    const fits = crowded(UNPROVEN - 2);
    expect(codes(fits.world, unmined(fits.world, fits.coin, 1))).toBe('ok');
    const full = crowded(UNPROVEN - 1);
    expect(codes(full.world, unmined(full.world, full.coin, 1))).toEqual([
      ['LIMIT', { what: 'unproven', got: `${UNPROVEN + 1}`, limit: `${UNPROVEN}` }],
    ]);
  });

  it('takes what it knows, and what is proven, however full it is', () => {
    const { world, known } = crowded(UNPROVEN + 100);
    expect(admit(world.state, known)).toEqual({ kind: 'ok', changes: [] });
    expect(world.fund([5_000n], 7)).toHaveLength(1);
  });
});

describe('signing', () => {
  it('of coins that blocks hold goes on, however much there is without a proof', () => {
    const { world, coin } = crowded(UNPROVEN + 100);
    const spend = (own: Coin) =>
      world.refusals(world.request({ coins: [own], change: [{ amount: 990_000n }] }));
    expect(spend(coin)).toEqual([]);
    const [unproven] = [...world.state.coins.values()].filter(({ blocks }) => blocks.length === 0);
    if (unproven === undefined) throw new Error('no record');
    const { txid, vout, wallet, chain, index } = unproven;
    const own = { txid, vout, amount: 900_000n, wallet, chain, index };
    expect(world.refusals(world.request({ coins: [own], change: [{ amount: 890_000n }] }))).toEqual([
      ['LIMIT', { what: 'unproven', got: `${UNPROVEN + 101}`, limit: `${UNPROVEN}` }],
    ]);
  });
});
