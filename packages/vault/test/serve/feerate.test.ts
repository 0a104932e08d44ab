/** What a transaction should pay follows the node, inside the limit in force now. */
import { expect, test } from 'vitest';
import { charterAfter, identity, signedBy } from '../../../policy/test/world.ts';
import { openBatches } from '../../src/queue/index.ts';
import { Feerates } from '../../src/serve/feerate.ts';
import { Former } from '../../src/serve/form.ts';
import { makeQueue } from '../fixture.ts';
import { approve } from '../queue/steps.ts';
import { startScreen } from './clearing-screen.ts';
import { makeVault, seedAt } from './vault-world.ts';

test('follows a limit that changes, between two questions to the node too', async () => {
  const { vault } = makeVault();
  let limit = 4_000;
  let asked = 0;
  const feerate: typeof vault.chain.feerate = (target, fallback) => {
    asked += 1;
    return vault.chain.feerate(target, fallback);
  };
  const feerates = new Feerates({ ...vault.chain, feerate }, vault.tuning, () => limit);
  expect(await feerates.now()).toBe(4_000n);
  limit = 50_000;
  expect(await feerates.now()).toBe(5_000n);
  limit = 3_000;
  expect(await feerates.now()).toBe(3_000n);
  expect(asked).toBe(1);
});

test('a charter that lowers the feerate has payments pay that much, where the node asks for more', async () => {
  const { vault, store } = makeVault(makeQueue(6));
  const { charters, charter: first, chain, tuning } = vault;
  const policy = { ...first.policy, feeRate: 4_000 };
  const added = charters.add(signedBy(charterAfter(charters.newest, { policy })));
  if ('code' in added) throw new Error(added.code);
  for (const name of ['A', 'B', 'C']) charters.hear(name, { inForce: 1, newest: 1 });
  const feerates = new Feerates(chain, tuning, () => charters.working.policy.feeRate);
  approve(store, seedAt(0));
  const screens = [
    { name: 'screen-1', key: identity('screen-1').publicKey, url: await startScreen(first.first) },
  ];
  const former = new Former({ ...vault, charter: charters.working, feerates, screens });
  for (let turn = 0; turn < 4; turn += 1) {
    await former.formAll();
    await new Promise((resolve) => setTimeout(resolve, 5 * tuning.gatherMs));
  }
  const rates = openBatches(store).map(({ fee, vsize }) => Number((fee * 1000n) / BigInt(vsize)));
  expect(rates).toHaveLength(1);
  for (const rate of rates) expect(rate).toBeLessThanOrEqual(4_000);
});
