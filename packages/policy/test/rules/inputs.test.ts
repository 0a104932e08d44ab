import { outpointKey, serializeStripped, txidOf } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { World } from '../world.ts';

describe('inputs', () => {
  it('refuses a coin that was never admitted', () => {
    const world = new World();
    const [coin] = world.fund([5_000_000n]);
    if (coin === undefined) throw new Error('no coin');
    const stranger = { ...coin, vout: 7 };
    const request = world.request({
      coins: [stranger],
      intents: [world.intent()],
      change: [{ amount: 3_990_000n }],
    });
    expect(world.refusals(request)).toEqual([['UNKNOWN_OUTPOINT', { outpoint: outpointKey(stranger) }]]);
  });

  it('refuses an amount other than that of the coin, whichever way it lies', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const [outpoint] = coins.map(outpointKey);
    for (const amount of [4_999_999n, 5_000_001n]) {
      const lies = coins.map((coin) => ({ ...coin, amount }));
      const request = world.request({
        coins: lies,
        intents: [world.intent()],
        change: [{ amount: 3_990_000n }],
      });
      expect(world.refusals(request)).toEqual([
        ['AMOUNT_MISMATCH', { outpoint, got: `${amount}`, want: '5000000' }],
      ]);
    }
  });

  it('refuses a coin under another wallet, chain or index than its script is at', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const [outpoint] = coins.map(outpointKey);
    for (const lie of [{ wallet: 3 }, { chain: 1 as const }, { index: 4 }]) {
      const lies = coins.map((coin) => ({ ...coin, ...lie }));
      const request = world.request({
        coins: lies,
        intents: [world.intent()],
        change: [{ amount: 3_990_000n }],
      });
      expect(world.refusals(request)).toEqual([['INPUT_FOREIGN', { outpoint }]]);
    }
  });

  it('refuses a coin that stands twice', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const [outpoint] = coins.map(outpointKey);
    const request = world.request({
      coins: [...coins, ...coins],
      intents: [world.intent()],
      change: [{ amount: 8_990_000n }],
    });
    expect(world.refusals(request)).toEqual([['DUP_INPUT', { outpoint }]]);
  });

  it('refuses a coinbase coin until a block 100 above its own may spend it', () => {
    const world = new World();
    const coinbase = {
      version: 2,
      locktime: 0,
      inputs: [{ outpoint: { txid: new Uint8Array(32), vout: 0xffffffff }, sequence: 0xffffffff }],
      outputs: [{ amount: 5_000_000n, script: world.script(0, 9) }],
    } as const;
    const txid = txidOf(coinbase);
    world.pass(1, [txid]);
    const height = world.height;
    const coin = { txid, vout: 0, amount: 5_000_000n, wallet: 0, chain: 0, index: 9 } as const;
    world.admit(serializeStripped(coinbase), [coin], world.proofOf(txid));
    world.pass(98);
    const plan = () =>
      world.request({ coins: [coin], intents: [world.intent()], change: [{ amount: 3_990_000n }] });
    expect(world.refusals(plan())).toEqual([
      ['IMMATURE', { outpoint: outpointKey(coin), height: `${height + 100}` }],
    ]);
    world.pass(1);
    expect(world.refusals(plan())).toEqual([]);
  });
});
