import { expect, it } from 'vitest';
import { addCharge, createLedger, usedIn } from '../../src/state/ledger.ts';

it('charges of one tick are one row, however many there are, and each row is the sum of all before', () => {
  const ledger = createLedger();
  for (const millitick of [0, 999, 1_000]) addCharge(ledger, millitick, { amount: 5n, count: 2, fee: 1n });
  expect(ledger.totals).toEqual([
    { tick: 1, amount: 10n, count: 4, fee: 2n },
    { tick: 2, amount: 15n, count: 6, fee: 3n },
  ]);
  expect(usedIn(ledger, 1, 2_000)).toEqual({ amount: 5n, count: 2, fee: 1n });
});
