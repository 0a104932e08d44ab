/** A transaction that a gate broadcast by itself: the vault never had its bytes, and the chain lets it go again. */
import { expect, test } from 'vitest';
import { findWithdrawal, getBatch, giveUpBatch, openBatches } from '../../src/queue/index.ts';
import { tendBroadcast } from '../../src/serve/settle.ts';
import { idOf } from '../fixture.ts';
import { approve, mine, unmine } from '../queue/steps.ts';
import { makeVault, seedAt, signBy, signNext } from './vault-world.ts';

test('is replaced by one over the same coins once it has waited too long, and what it paid is paid once', async () => {
  const { vault, store } = makeVault();
  const sent: Uint8Array[] = [];
  const broadcast = (transaction: Uint8Array): Promise<{ kind: 'accepted' }> => {
    sent.push(transaction);
    return Promise.resolve({ kind: 'accepted' });
  };
  const seed = seedAt(0);
  approve(store, seed);
  const id = signNext(store);
  giveUpBatch(store, id, { refused: [], codes: ['DUST'], notBefore: 0 });
  mine(store, [getBatch(store, id)]);
  unmine(store);
  expect(getBatch(store, id)).toMatchObject({ status: 'broadcast', transaction: null });
  const tend = () => tendBroadcast({ ...vault, chain: { ...vault.chain, broadcast } });
  const rivals = () => openBatches(store).filter((batch) => batch.id !== id);
  for (let blocks = 1; blocks < vault.tuning.bumpBlocks; blocks += 1) mine(store, []);
  await tend();
  expect(rivals()).toEqual([]);
  mine(store, []);
  await tend();
  await tend();
  const [bump, ...others] = rivals();
  if (bump === undefined) throw new Error('it is stuck');
  expect(others).toEqual([]);
  const { inputs, intents } = getBatch(store, id);
  expect(bump).toMatchObject({ purpose: 'bump', replaces: id, status: 'drafted', intents });
  expect(bump.inputs).toEqual(expect.arrayContaining([...inputs]));
  expect(sent).toEqual([]);
  signBy(store, bump.id, 'A', 'B');
  mine(store, [bump]);
  expect(findWithdrawal(store, idOf(seed))).toMatchObject({ state: 'confirmed', batch: bump.id });
  expect(getBatch(store, id).status).toBe('replaced');
});
