/** What somebody sends us that could not pay for its own way home: no signer admits it (10-policy.md, "Admission"). */
import { expect, test } from 'vitest';
import { balanceOf, coinsToAdmit, recordChainEvents, spendableCoins } from '../../src/queue/index.ts';
import { makeCoin, makeQueue } from '../fixture.ts';

test('a coin below a thousand sat is neither shown to signers nor spent nor counted', () => {
  const store = makeQueue(0);
  for (const [place, amount] of [999n, 1_000n].entries()) {
    const coin = { ...makeCoin(place), amount };
    recordChainEvents(store, [{ kind: 'created', coin, height: 100, coinbase: false }]);
  }
  const shown = coinsToAdmit(store, 'A', 10);
  const spendable = spendableCoins(store, { unconfirmedChange: false, admittedBy: [] });
  expect(balanceOf(store)).toMatchObject({ confirmed: 1_000n, coins: 1 });
  expect([shown, spendable].map((coins) => coins.map(({ amount }) => amount))).toEqual([[1_000n], [1_000n]]);
});
