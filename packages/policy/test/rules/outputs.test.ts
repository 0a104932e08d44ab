import { concatBytes, fromHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { type Coin, sampleCharter, seeded, World } from '../world.ts';

const program = (version: number, length: number) =>
  concatBytes(Uint8Array.of(version, length), seeded('program').slice(0, length));

describe('outputs', () => {
  it('refuses every script that is not exactly an allowed template', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    for (const script of [
      Uint8Array.of(0x6a, 1, 0), // OP_RETURN
      program(0x52, 32), // witness version 2
      program(0x51, 2), // pay to anchor
      program(0x00, 30),
      Uint8Array.of(0x51), // anyone can spend
      concatBytes(program(0x00, 20), Uint8Array.of(0)),
    ]) {
      const request = world.request({
        coins,
        intents: [world.intent({ script })],
        change: [{ amount: 3_990_000n }],
      });
      expect(world.refusals(request)).toEqual([['OUTPUT_TYPE', { output: '0' }]]);
    }
  });

  it('refuses a taproot key that is no point of the curve, as nobody could ever spend from it', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const judge = (x: string) => {
      const intents = [world.intent(), world.intent({ script: fromHex(`5120${x}`) })];
      return world.refusals(world.request({ coins, intents, change: [{ amount: 2_990_000n }] }));
    };
    expect(judge('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')).toEqual([]);
    // BIP-340, test vectors 5 and 14: not on the curve; not below the field's size.
    for (const x of [
      'eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34',
      'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30',
    ]) {
      expect(judge(x)).toEqual([['OUTPUT_TYPE', { output: '1' }]]);
    }
  });

  it('refuses a template that the charter does not allow', () => {
    const charter = sampleCharter();
    const world = new World({ ...charter, policy: { ...charter.policy, scripts: ['p2wpkh'] } });
    const coins = world.fund([5_000_000n]);
    const taproot = world.intent({ script: program(0x51, 32) });
    const request = world.request({
      coins,
      intents: [world.intent(), taproot],
      change: [{ amount: 2_990_000n }],
    });
    expect(world.refusals(request)).toEqual([['OUTPUT_TYPE', { output: '1' }]]);
  });

  it('refuses dust, in payments and in change, and takes the limit itself', () => {
    const world = new World();
    const coins = world.fund([1_000_000n]);
    const request = (paid: bigint, change: bigint) => {
      const filler = world.intent({ amount: 990_000n - paid - change });
      return world.request({
        coins,
        intents: [world.intent({ amount: paid }), filler],
        change: [{ amount: change }],
      });
    };
    expect(world.refusals(request(294n, 1_000n))).toEqual([]);
    expect(world.refusals(request(293n, 999n))).toEqual([
      ['DUST', { output: '0', amount: '293', limit: '294' }],
      ['DUST', { output: '2', amount: '999', limit: '1000' }],
    ]);
  });

  it('lets what goes home leave less than is admitted, and still no dust', () => {
    const world = new World();
    const coins = world.fund([1_354n, 1_353n]);
    const home = (coin: Coin | undefined) =>
      coin === undefined
        ? []
        : world.refusals(
            world.request({ coins: [coin], change: [{ amount: coin.amount - 1_024n, index: 0 }] }),
          );
    expect(home(coins[0])).toEqual([]);
    expect(home(coins[1])).toEqual([['DUST', { output: '0', amount: '329', limit: '330' }]]);
  });

  it('refuses change to a wallet that is not the newest, or at a position that does not exist', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intents = [world.intent()];
    const change = (...rows: { position: number; wallet?: number; amount?: bigint }[]) =>
      world.refusals(
        world.request({ coins, intents, change: rows.map((row) => ({ amount: 1_990_000n, ...row })) }),
      );
    expect(change({ position: 0 }, { position: 2 })).toEqual([]);
    expect(change({ position: 0, wallet: 1 }, { position: 1 })).toEqual([['NOT_CHANGE', { output: '0' }]]);
    expect(change({ position: 1 }, { position: 1 })).toEqual([['NOT_CHANGE', { output: '1' }]]);
    expect(change({ position: 1 }, { position: 0 })).toEqual([['NOT_CHANGE', { output: '0' }]]);
    expect(change({ position: 1 }, { position: 3 })).toEqual([['NOT_CHANGE', { output: '3' }]]);
  });

  it('refuses change further than the gap above the highest index that is proven mined', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intents = [world.intent()];
    const request = (index: number) =>
      world.request({ coins, intents, change: [{ amount: 3_990_000n, index }] });
    const refusal = (index: number, limit: number) => [
      ['PATH_RANGE', { chain: '1', index: `${index}`, limit: `${limit}` }],
    ];
    expect(world.refusals(request(19))).toEqual([]);
    expect(world.refusals(request(20))).toEqual(refusal(20, 19));
    expect(world.refusals(request(0xffffffff))).toEqual(refusal(0xffffffff, 19));
    const { bytes, txid } = world.foreign([{ amount: 50_000n, script: world.script(1, 12) }]);
    world.pass(1, [txid]);
    const mined = { txid, vout: 0, amount: 50_000n, wallet: 0, chain: 1, index: 12 } as const;
    world.admit(bytes, [mined], world.proofOf(txid));
    expect(world.refusals(request(32))).toEqual([]);
    expect(world.refusals(request(33))).toEqual(refusal(33, 32));
    world.rewind(1);
    world.pass(2);
    expect(world.refusals(request(20))).toEqual(refusal(20, 19));
  });

  it('refuses a locktime above the tip, a locktime in seconds, and a transaction without outputs', () => {
    const world = new World();
    const coins = world.fund([20_000n]);
    const plan = { coins, change: [{ amount: 15_000n }] };
    expect(world.refusals(world.request({ ...plan, locktime: world.height }))).toEqual([]);
    for (const locktime of [world.height + 1, 500_000_000, 0xffffffff]) {
      expect(world.refusals(world.request({ ...plan, locktime }))).toEqual([
        ['TX_FIELDS', { field: 'locktime', value: `${locktime}` }],
      ]);
    }
    expect(world.refusals(world.request({ coins }))).toEqual([
      ['TX_FIELDS', { field: 'outputs', value: '0' }],
    ]);
  });
});

describe('values', () => {
  const MAX = 2_100_000_000_000_000n;

  it('refuses amounts above 21 million BTC, singly and in sum, and outputs above inputs', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const codes = (amounts: bigint[]) => {
      const intents = amounts.map((amount) => world.intent({ amount }));
      return world.refusals(world.request({ coins, intents })).filter(([code]) => code === 'VALUE_RANGE');
    };
    const fee = (amounts: bigint[]) => `${5_000_000n - amounts.reduce((sum, amount) => sum + amount, 0n)}`;
    expect(codes([5_000_001n])).toEqual([['VALUE_RANGE', { what: 'fee', value: '-1' }]]);
    expect(codes([2n ** 63n])).toEqual([
      ['VALUE_RANGE', { what: 'output 0', value: `${2n ** 63n}` }],
      ['VALUE_RANGE', { what: 'sum of outputs', value: `${2n ** 63n}` }],
      ['VALUE_RANGE', { what: 'fee', value: fee([2n ** 63n]) }],
    ]);
    expect(codes([2n ** 64n - 1n, 1n])).toHaveLength(3);
    expect(codes([MAX, 1n])).toEqual([
      ['VALUE_RANGE', { what: 'sum of outputs', value: `${MAX + 1n}` }],
      ['VALUE_RANGE', { what: 'fee', value: fee([MAX, 1n]) }],
    ]);
  });
});
