/** What an intent is charged whose transaction is dead, by the word of signers whom a vault may have shown blocks of its own. */
import { fromHex, type Policy, type SignRequest } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import type { Coin } from '../../policy/test/world.ts';
import { realCharter } from '../../signer/test/signing-world.ts';
import { GateWorld, SECOND } from './gate-world.ts';

const TICK = 600 * SECOND;
const windows = [{ ticks: 6, amount: 20_000_000n, count: 6, fee: 600_000n }];

let world: GateWorld;
let coins: readonly Coin[];

function start(policy: Partial<Policy> = {}): void {
  world = new GateWorld(realCharter((charter) => ({ ...charter, policy: { ...charter.policy, ...policy } })));
  coins = world.world.fund(Array.from({ length: 8 }, () => 20_000_000n));
}

/** Pays each intent 4,000,000 sat; half of each window is this gate's. */
function pay(which: readonly number[], fee = 10_000n, labels: readonly string[] = ['one']) {
  const paid = BigInt(labels.length) * 4_000_000n;
  const request: SignRequest = world.world.request({
    coins: which.flatMap((place) => coins[place] ?? []),
    intents: labels.map((label) => world.intent(label, 4_000_000n)),
    change: [{ amount: BigInt(which.length) * 20_000_000n - paid - fee }],
  });
  return world.force(request);
}

/** All but these are dead: by their places in the order of clearing. */
function killAll(...but: readonly number[]): void {
  const dead = [...world.gate.state.cleared.keys()].filter((_, place) => !but.includes(place));
  const changes = dead.map((txid) => ({ kind: 'dead', value: fromHex(txid).reverse() }) as const);
  world.gate.perform({ changes, replies: [] });
}

const charged = (): readonly number[] => world.gate.state.charges.map(({ count }) => count);

describe('An intent whose transaction is dead', () => {
  test('is charged each time that it is paid from other coins, up to the window', () => {
    start({ windows });
    for (const place of [0, 1]) {
      expect(pay([place])).toEqual([]);
      killAll();
    }
    const { charges } = world.gate.state;
    expect(charges.map(({ amount, count }) => [amount, count])).toEqual([
      [4_000_000n, 1],
      [4_000_000n, 1],
    ]);
    const refusal = ['AMOUNT_WINDOW', { spent: '8000000', amount: '4000000', limit: '10000000' }];
    expect(pay([2])).toEqual([refusal]);
    // What was cleared is cleared again, dead or not, and charged nothing.
    expect(pay([0])).toEqual([]);
    expect(pay([1])).toEqual([]);
    world.gate.uptime = 6 * TICK;
    expect(pay([2])).toEqual([]);
  });

  test.each([
    ['destination', 'DESTINATION_WINDOW'],
    ['requester', 'REQUESTER_WINDOW'],
  ] as const)('is charged to its %s', (per, code) => {
    start({ velocity: [{ per, ticks: 6, amount: 80_000_000n, count: 4 }] });
    for (const place of [0, 1]) {
      expect(pay([place])).toEqual([]);
      killAll();
    }
    const facts = { what: 'count', spent: '2', asked: '1', limit: '2' };
    expect(pay([2])).toMatchObject([[code, facts]]);
    world.gate.start();
    expect(pay([2])).toMatchObject([[code, facts]]);
  });

  test('is charged once for what pays it anew and all that shares a coin with that', () => {
    start({ windows });
    expect(pay([0])).toEqual([]);
    killAll();
    expect(pay([1])).toEqual([]);
    expect(pay([1], 12_000n)).toEqual([]);
    expect(pay([1, 2], 14_000n)).toEqual([]);
    expect(charged()).toEqual([1, 1, 0, 0]);
    // This one leaves out a coin of those that were charged before.
    killAll(3);
    expect(pay([2])).toMatchObject([['AMOUNT_WINDOW', {}]]);
  });

  test('is charged for each that could be mined together, though every one shares a coin with the one before', () => {
    start();
    for (let place = 0; place < 6; place += 1) {
      expect(pay([place, place + 1])).toEqual([]);
      killAll(place);
    }
    expect(charged().reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual([0, 2, 4].length);
    expect(pay([0, 1, 2, 3, 4, 5, 6])).toEqual([]);
    expect(charged().at(-1)).toBe(0);
  });

  test('is charged nothing for the transaction that was cleared for it, told anew beside another intent', () => {
    start();
    expect(pay([0], 10_000n, ['one', 'two'])).toEqual([]);
    killAll();
    expect(pay([1])).toEqual([]);
    killAll();
    // The very bytes of the first: equal amounts, the same destination.
    expect(pay([0], 10_000n, ['one', 'three'])).toEqual([]);
    expect(world.gate.state.cleared.size).toBe(2);
    expect(charged()).toEqual([2, 1, 1]);
  });

  test('is charged in a batch beside what lives, which is not', () => {
    start();
    expect(pay([0])).toEqual([]);
    killAll();
    expect(pay([1], 10_000n, ['two'])).toEqual([]);
    expect(pay([1], 12_000n, ['one', 'two', 'three'])).toEqual([]);
    expect(charged()).toEqual([1, 1, 2]);
  });
});
