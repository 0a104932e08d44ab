import { type Charter, CharterBody, encode, type Policy, type SignRequest } from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, charterAfter, type DraftPlan, signedBy } from '../../policy/test/world.ts';
import { realCharter } from '../../signer/test/signing-world.ts';
import { GateWorld, idAtHome, SECOND } from './gate-world.ts';

let world: GateWorld;
let coins: readonly Coin[];

const TICK = 600 * SECOND;

function withPolicy(policy: Partial<Policy>): Charter {
  return realCharter((charter) => ({ ...charter, policy: { ...charter.policy, ...policy } }));
}

function start(policy: Partial<Policy> = {}): void {
  world = new GateWorld(withPolicy(policy));
  coins = world.world.fund(Array.from({ length: 8 }, () => 20_000_000n));
}

beforeEach(() => start());

/** Spends coins of 20,000,000 sat each; the rest above fee and payments is change. */
function spend(
  which: readonly number[],
  amounts: Readonly<Record<string, bigint>>,
  fee = 10_000n,
): SignRequest {
  const intents = Object.entries(amounts).map(([label, amount]) => world.intent(label, amount));
  const paid = Object.values(amounts).reduce((sum, amount) => sum + amount, 0n);
  const left = BigInt(which.length) * 20_000_000n - paid - fee;
  const spent = which.flatMap((place) => coins[place] ?? []);
  const change: DraftPlan['change'] = left > 0n ? [{ amount: left }] : [];
  return world.world.request({ coins: spent, intents, change });
}

const codes = (request: SignRequest): string[] => world.force(request).map(([code]) => code);

describe('Limits of one transaction', () => {
  test('a worst-case size above the charter’s is LIMIT, and one of exactly that passes', () => {
    start({ maxVsize: 293 });
    expect(world.force(spend([0, 1], { one: 1_000_000n }))).toEqual([
      ['LIMIT', { what: 'vsize', got: '294', limit: '293' }],
    ]);
    start({ maxVsize: 294 });
    expect(codes(spend([0, 1], { one: 1_000_000n }))).toEqual([]);
  });

  test('more than the charter’s amount for one is AMOUNT_TX, exactly that passes', () => {
    start({ amountPerTransaction: 3_000_000n });
    expect(world.force(spend([0], { one: 2_000_000n, two: 1_000_001n }))).toEqual([
      ['AMOUNT_TX', { amount: '3000001', limit: '3000000' }],
    ]);
    expect(codes(spend([0], { one: 2_000_000n, two: 1_000_000n }))).toEqual([]);
  });

  test('fees above the absolute limit, the rate and the share are each refused, at the limit each passes', () => {
    start({ feeAbsolute: 50_000n, feeRate: 1_000_000_000, feeShare: 1000 });
    expect(world.force(spend([0], { one: 1_000_000n }, 50_001n))).toEqual([
      ['FEE_ABSOLUTE', { fee: '50001', limit: '50000' }],
    ]);
    expect(codes(spend([0], { one: 1_000_000n }, 50_000n))).toEqual([]);
    start({ feeRate: 100_000, feeShare: 1000 });
    expect(world.force(spend([0], { one: 1_000_000n }, 18_901n))[0]?.[0]).toBe('FEE_RATE');
    expect(codes(spend([0], { one: 1_000_000n }, 18_800n))).toEqual([]);
    start({ feeRate: 1_000_000_000, feeShare: 50, feeShareFloor: 20_000n });
    expect(world.force(spend([0], { one: 1_000_000n }, 50_001n))).toEqual([
      ['FEE_SHARE', { fee: '50001', amount: '1000000', limit: '50000' }],
    ]);
    expect(codes(spend([0], { one: 1_000_000n }, 50_000n))).toEqual([]);
    expect(codes(spend([1], { two: 10_000n }, 20_000n))).toEqual([]);
  });

  test('without an intent the fee is a share of what is moved', () => {
    start({ feeRate: 1_000_000_000, feeShare: 1, feeShareFloor: 0n });
    expect(codes(spend([0], {}, 19_981n))).toEqual(['FEE_SHARE']);
    expect(codes(spend([0], {}, 19_980n))).toEqual([]);
  });

  test('a batch that was cleared can be split, though little is left to pay a replacing fee from', () => {
    start({ feeRate: 1_000_000_000, feeShare: 50, feeShareFloor: 0n });
    expect(codes(spend([0, 1], { one: 10_000_000n, small: 10_000n }, 40_000n))).toEqual([]);
    expect(codes(spend([1], { small: 10_000n }, 60_000n))).toEqual([]);
    expect(codes(spend([2], { other: 10_000n }, 60_000n))).toEqual(['FEE_SHARE']);
  });
});

describe('Windows', () => {
  const windows = [{ ticks: 6, amount: 20_000_000n, count: 6, fee: 60_000n }];

  test('are the whole window divided by the number of gates', () => {
    start({ windows });
    expect(codes(spend([0], { one: 10_000_000n }))).toEqual([]);
    expect(world.force(spend([1], { two: 1n }))).toEqual([
      ['AMOUNT_WINDOW', { spent: '10000000', amount: '1', limit: '10000000' }],
    ]);
    start({ windows });
    expect(codes(spend([0], { one: 1_000n, two: 1_000n, three: 1_000n }))).toEqual([]);
    expect(world.force(spend([1], { four: 1_000n }))).toEqual([
      ['COUNT_WINDOW', { spent: '3', count: '1', limit: '3' }],
    ]);
    start({ windows });
    expect(codes(spend([0], { one: 1_000_000n }, 30_000n))).toEqual([]);
    expect(world.force(spend([1], { two: 1_000n }, 1n))).toEqual([
      ['FEE_WINDOW', { spent: '30000', fee: '1', limit: '30000' }],
    ]);
  });

  test('that a later charter tightened below what is used still let through what adds nothing', () => {
    start({ windows });
    expect(codes(spend([0], { one: 5_000_000n, two: 5_000_000n }, 25_000n))).toEqual([]);
    const { loaded } = world.world;
    const policy = { ...loaded.charter.policy, windows: [{ ticks: 6, amount: 2n, count: 2, fee: 2n }] };
    const tighter = { charter: signedBy(charterAfter(loaded, { policy })) };
    expect(world.gate.deliver('CHARTER', encode(CharterBody, tighter)).type).toBe('DONE');
    const exceeded = ['FEE_WINDOW', 'AMOUNT_WINDOW', 'COUNT_WINDOW'];
    expect(codes(spend([1], { three: 1_000_000n }, 25_000n))).toEqual(exceeded);
    // Other places of the change, no more of anything.
    expect(codes(spend([0], { one: 5_000_000n, two: 5_000_000n }, 24_999n))).toEqual([]);
    expect(codes(spend([0], { one: 5_000_000n }, 25_000n))).toEqual([]);
    expect(codes(spend([0], { one: 5_000_000n }, 25_001n))).toEqual(['FEE_WINDOW']);
  });

  test('open again when their running time has passed, and not a moment sooner', () => {
    start({ windows });
    world.gate.uptime = 5 * SECOND;
    expect(codes(spend([0], { one: 10_000_000n }))).toEqual([]);
    world.gate.uptime = 5 * SECOND + 6 * TICK - 1;
    expect(codes(spend([1], { two: 1_000n }))).toEqual(['AMOUNT_WINDOW']);
    world.gate.uptime = 5 * SECOND + 6 * TICK;
    expect(codes(spend([1], { two: 1_000n }))).toEqual([]);
  });

  test('count running time only: a restart neither frees nor forgets anything', () => {
    start({ windows });
    expect(codes(spend([0], { one: 10_000_000n }))).toEqual([]);
    world.gate.uptime = 4 * TICK;
    expect(codes(spend([1], { two: 1_000n }))).toEqual(['AMOUNT_WINDOW']);
    world.gate.start();
    expect(world.gate.state.base).toBe(4 * TICK);
    world.gate.uptime = 2 * TICK - 1;
    expect(codes(spend([1], { two: 1_000n }))).toEqual(['AMOUNT_WINDOW']);
    world.gate.uptime = 2 * TICK;
    expect(codes(spend([1], { two: 1_000n }))).toEqual([]);
  });

  test('every window counts, each for its own time', () => {
    const long = { ticks: 12, amount: 30_000_000n, count: 100, fee: 200_000n };
    start({ windows: [...windows, long] });
    expect(codes(spend([0], { one: 10_000_000n }))).toEqual([]);
    world.gate.uptime = 6 * TICK;
    expect(world.force(spend([1], { two: 5_000_001n }))).toEqual([
      ['AMOUNT_WINDOW', { spent: '10000000', amount: '5000001', limit: '15000000' }],
    ]);
    expect(codes(spend([1], { two: 5_000_000n }))).toEqual([]);
  });

  test('a bump is charged only what its fee is higher, and the same transaction again nothing', () => {
    start({ windows });
    expect(codes(spend([0], { one: 10_000_000n }, 20_000n))).toEqual([]);
    expect(codes(spend([0], { one: 10_000_000n }, 30_000n))).toEqual([]);
    expect(codes(spend([0], { one: 10_000_000n }, 30_000n))).toEqual([]);
    expect(world.gate.state.charges.map(({ amount, count, fee }) => [amount, count, fee])).toEqual([
      [10_000_000n, 1, 20_000n],
      [0n, 0, 10_000n],
    ]);
    expect(codes(spend([0], { one: 10_000_000n }, 30_001n))).toEqual(['FEE_WINDOW']);
  });

  test('a fee is credited once, however the coins of what was replaced are split', () => {
    start({ windows: [{ ticks: 6, amount: 200_000_000n, count: 100, fee: 160_000n }] });
    expect(codes(spend([0, 1, 2, 3], {}, 40_000n))).toEqual([]);
    expect(codes(spend([0], {}, 30_000n))).toEqual([]);
    expect(codes(spend([1], {}, 30_000n))).toEqual([]);
    expect(codes(spend([2], {}, 30_000n))).toEqual(['FEE_WINDOW']);
    expect(codes(spend([2], {}, 10_000n))).toEqual([]);
    const charged = world.gate.state.charges.reduce((sum, { fee }) => sum + fee, 0n);
    expect(charged).toBe(80_000n);
  });
});

describe('One intent, one payment', () => {
  test('a second transaction for an intent must spend a coin of every one that was cleared for it', () => {
    expect(codes(spend([0, 1], { one: 1_000_000n }))).toEqual([]);
    const [first] = [...world.gate.state.cleared.keys()];
    const intent = [...world.gate.state.intents.keys()][0] ?? '';
    expect(world.force(spend([2], { one: 1_000_000n }))).toEqual([
      ['GATE_CONFLICT', { intent, txid: first ?? '' }],
    ]);
    expect(codes(spend([1, 2], { one: 1_000_000n, two: 1_000_000n }))).toEqual([]);
    // Conflicts with the second, not with the first.
    expect(world.force(spend([2, 3], { one: 1_000_000n })).map(([, facts]) => facts['txid'])).toEqual([
      first,
    ]);
    expect(codes(spend([1, 3], { one: 1_000_000n }))).toEqual([]);
  });

  test('an intent of equal amount and destination does not hide behind a cleared transaction', () => {
    expect(codes(spend([0], { one: 1_000_000n }))).toEqual([]);
    // The same bytes on the chain, told as another intent’s payment: charged, and from now on this intent’s.
    expect(codes(spend([0], { two: 1_000_000n }))).toEqual([]);
    expect(world.gate.state.cleared.size).toBe(1);
    expect(world.gate.state.charges.map(({ amount }) => amount)).toEqual([1_000_000n, 1_000_000n]);
    expect(codes(spend([1], { two: 1_000_000n }))).toEqual(['GATE_CONFLICT']);
    expect(codes(spend([1], { one: 1_000_000n }))).toEqual(['GATE_CONFLICT']);
  });

  test('nor does one in a batch, beside an intent that the transaction was cleared for', () => {
    expect(codes(spend([0], { one: 1_000_000n, two: 1_000_000n }))).toEqual([]);
    expect(codes(spend([0], { one: 1_000_000n, three: 1_000_000n }))).toEqual([]);
    expect(world.gate.state.cleared.size).toBe(1);
    expect(world.gate.state.charges.map(({ count }) => count)).toEqual([2, 1]);
    expect(codes(spend([1], { three: 1_000_000n }))).toEqual(['GATE_CONFLICT']);
  });

  test('change to an address does not pass for an intent’s payment to it', () => {
    const script = world.world.script(1, 0);
    expect(codes(spend([0], {}, 10_000n))).toEqual([]);
    const intent = world.world.intent({ id: idAtHome(0, 'own'), amount: 19_990_000n, script });
    const request = world.world.request({ coins: coins.slice(0, 1), intents: [intent] });
    expect(codes(request)).toEqual([]);
    expect(world.gate.state.charges.map(({ amount }) => amount)).toEqual([0n, 19_990_000n]);
  });
});

describe('Home', () => {
  /** Pays an intent whose home is gate-2. */
  const away = (label = 'away', which = [0]): SignRequest => {
    const intents = [world.intent(label, 1_000_000n, 1)];
    const left = BigInt(which.length) * 20_000_000n - 1_010_000n;
    const spent = which.flatMap((place) => coins[place] ?? []);
    return world.world.request({ coins: spent, intents, change: [{ amount: left }] });
  };

  test('an intent of the other gate waits for the charter’s delay, from when it was first offered', () => {
    world.gate.uptime = 1000 * SECOND;
    expect(world.force(away())).toEqual([['GATE_HOME', expect.objectContaining({ home: 'gate-2' })]]);
    world.gate.uptime = 1600 * SECOND - 1;
    expect(codes(away())).toEqual(['GATE_HOME']);
    world.gate.uptime = 1600 * SECOND;
    expect(codes(away())).toEqual([]);
    expect(codes(away('away', [0, 1]))).toEqual([]);
  });

  test('its own home clears it at once', () => {
    expect(world.force(away(), world.other)).toEqual([]);
  });

  test('the delay counts the running time of each start, also of a gate that restarts again and again', () => {
    for (let i = 0; i < 3; i++) {
      expect(codes(away())).toEqual(['GATE_HOME']);
      world.gate.uptime = 150 * SECOND;
      expect(codes(away())).toEqual(['GATE_HOME']);
      world.gate.start();
    }
    world.gate.uptime = 150 * SECOND - 1;
    expect(codes(away())).toEqual(['GATE_HOME']);
    world.gate.uptime = 150 * SECOND;
    expect(codes(away())).toEqual([]);
  });

  test('the delay does not begin with a request that is bad otherwise', () => {
    const good = away();
    const bad = { ...good, verdicts: [] };
    expect(codes(bad)).toEqual(['SCREENING', 'GATE_HOME']);
    world.gate.uptime = 600 * SECOND;
    expect(codes(good)).toEqual(['GATE_HOME']);
    world.gate.uptime = 1200 * SECOND;
    expect(codes(good)).toEqual([]);
  });

  test('a draft without intents has no home', () => {
    const cancel = world.world.request({ coins: coins.slice(0, 1), change: [{ amount: 19_990_000n }] });
    expect(world.force(cancel)).toEqual([]);
    expect(world.force(cancel, world.other)).toEqual([]);
  });
});
