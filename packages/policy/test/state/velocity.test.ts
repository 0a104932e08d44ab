/** What velocity forgets, and how much it may hold. */
import { expect, it } from 'vitest';
import { createLedger } from '../../src/state/ledger.ts';
import { chargeVelocity, type Velocity } from '../../src/state/velocity.ts';

it('a window may hold a charge in each of its ticks, however long it is', () => {
  const LENGTH = 200_000;
  const script = Uint8Array.of(0x51);
  const velocity: Velocity = new Map();
  for (const key of ['destination 51', 'requester shop']) {
    const { totals } = createLedger();
    for (let tick = 1; tick <= LENGTH; tick++)
      totals.push({ tick, amount: 3n * BigInt(tick), count: tick, fee: 0n });
    velocity.set(key, { totals });
  }
  // The charge is of the tick after the last, and the window holds all but the two first.
  chargeVelocity(velocity, LENGTH * 1000, [[script, 'shop', 3n]], LENGTH - 2);
  for (const key of ['destination 51', 'requester shop']) {
    const totals = velocity.get(key)?.totals ?? [];
    expect(totals).toHaveLength(LENGTH - 1);
    expect(totals[0]).toEqual({ tick: 3, amount: 3n, count: 1, fee: 0n });
    expect(totals.at(-1)).toEqual({
      tick: LENGTH + 1,
      amount: 3n * BigInt(LENGTH - 1),
      count: LENGTH - 1,
      fee: 0n,
    });
  }
});
