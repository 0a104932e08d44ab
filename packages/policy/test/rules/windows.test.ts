import { describe, expect, it } from 'vitest';
import { windowUse } from '../../src/index.ts';
import { MINUTE, sampleCharter, World } from '../world.ts';

function worldWith(window: { ticks: number; amount: bigint; count: number; fee: bigint }): World {
  const charter = sampleCharter();
  return new World({ ...charter, policy: { ...charter.policy, windows: [window] } });
}

describe('amounts and counts', () => {
  it('refuses more than one transaction may pay', () => {
    const world = new World();
    const coins = world.fund([70_000_000n]);
    const request = (amount: bigint) =>
      world.request({
        coins,
        intents: [world.intent({ amount })],
        change: [{ amount: 69_990_000n - amount }],
      });
    expect(world.refusals(request(60_000_000n))).toEqual([]);
    expect(world.refusals(request(60_000_001n))).toEqual([
      ['AMOUNT_TX', { amount: '60000001', limit: '60000000' }],
      ['AMOUNT_WINDOW', { spent: '0', amount: '60000001', limit: '60000000' }],
    ]);
  });

  it('keeps to two thirds of a window of amounts, rounded down, until its ticks have passed', () => {
    const world = worldWith({ ticks: 6, amount: 10_000_001n, count: 100, fee: 1_000_000n });
    const coins = world.fund([5_000_000n, 5_000_000n]);
    const spend = (place: number, amount: bigint) =>
      world.request({
        coins: coins.slice(place, place + 1),
        intents: [world.intent({ amount })],
        change: [{ amount: 4_990_000n - amount }],
      });
    world.approve(spend(0, 4_000_000n));
    expect(world.refusals(spend(1, 2_666_667n))).toEqual([]);
    expect(world.refusals(spend(1, 2_666_668n))).toEqual([
      ['AMOUNT_WINDOW', { spent: '4000000', amount: '2666668', limit: '6666667' }],
    ]);
    world.pass(6);
    expect(world.refusals(spend(1, 2_666_668n))).toHaveLength(1);
    world.pass(1);
    expect(world.refusals(spend(1, 2_666_668n))).toEqual([]);
    expect(windowUse(world.state, world.uptime)).toMatchObject([
      { ticks: 6, amount: 0n, amountLimit: 6_666_667n },
    ]);
  });

  it('frees nothing when the program starts again, whatever its clock says then', () => {
    const world = worldWith({ ticks: 6, amount: 3_000_000n, count: 100, fee: 1_000_000n });
    const coins = world.fund([5_000_000n]);
    const spend = () =>
      world.request({
        coins,
        intents: [world.intent({ amount: 1_100_000n })],
        change: [{ amount: 3_890_000n }],
      });
    world.approve(spend());
    world.apply([{ kind: 'boot', value: {} }]);
    for (const uptime of [0, 10_000 * MINUTE]) {
      world.uptime = uptime;
      for (const time of [world.now - 43_000, world.now, world.now + 43_000]) {
        expect(world.refusals(spend(), time)).toMatchObject([['AMOUNT_WINDOW', { spent: '1100000' }]]);
      }
    }
  });

  it('keeps to two thirds of a window of counts', () => {
    const world = worldWith({ ticks: 6, amount: 90_000_000n, count: 5, fee: 1_000_000n });
    const coins = world.fund([50_000_000n]);
    const spend = (count: number) => {
      const intents = Array.from({ length: count }, () => world.intent());
      return world.request({
        coins,
        intents,
        change: [{ amount: 49_990_000n - BigInt(count) * 1_000_000n }],
      });
    };
    expect(world.refusals(spend(4))).toEqual([['COUNT_WINDOW', { spent: '0', count: '4', limit: '3' }]]);
    expect(world.refusals(spend(3))).toEqual([]);
  });

  it('charges an intent once, however often it is bumped', () => {
    const world = worldWith({ ticks: 6, amount: 3_000_000n, count: 3, fee: 1_000_000n });
    const coins = world.fund([5_000_000n]);
    const intents = [world.intent({ amount: 2_000_000n })];
    for (let fee = 10_000n; fee <= 15_000n; fee += 1_000n) {
      world.approve(world.request({ coins, intents, change: [{ amount: 3_000_000n - fee }] }));
    }
    expect(windowUse(world.state, world.uptime)).toMatchObject([
      { amount: 2_000_000n, count: 1, fee: 15_000n },
    ]);
  });

  it('stops three signers at the whole window when the vault rotates the pairs AB, BC, CA', () => {
    const window = { ticks: 6, amount: 10_000_000n, count: 100, fee: 1_000_000n };
    const signers = [worldWith(window), worldWith(window), worldWith(window)];
    const [first] = signers;
    if (first === undefined) throw new Error('no signers');
    for (const signer of signers) signer.fund(Array.from({ length: 40 }, () => 2_000_000n));
    let paid = 0n;
    for (let turn = 0; turn < 40; turn++) {
      const pair = [signers[turn % 3], signers[(turn + 1) % 3]].filter((signer) => signer !== undefined);
      const coin = {
        txid: new Uint8Array(),
        vout: 0,
        amount: 2_000_000n,
        wallet: 0,
        chain: 0,
        index: turn,
      } as const;
      const intents = [first.intent({ id: `turn ${turn}`, amount: 500_000n })];
      const requests = pair.map((signer) => {
        const key = [...signer.state.coins.values()].find(({ index }) => index === turn);
        const coins = [{ ...coin, txid: key?.txid ?? coin.txid, vout: key?.vout ?? 0 }];
        return [signer, signer.request({ coins, intents, change: [{ amount: 1_490_000n }] })] as const;
      });
      if (!requests.every(([signer, request]) => signer.evaluate(request).kind === 'approved')) continue;
      for (const [signer, request] of requests) signer.approve(request);
      paid += 500_000n;
    }
    expect(paid).toBeLessThanOrEqual(window.amount);
    expect(paid).toBeGreaterThan((window.amount * 8n) / 10n);
  });
});
