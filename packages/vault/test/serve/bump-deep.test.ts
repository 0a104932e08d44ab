/** A deeper burial comes in force while a batch waits in the mempool that replaced what was dead by the one before. */
import { expect, test } from 'vitest';
import { mustLoad } from '../../../policy/test/world.ts';
import { askPeer, getBatch, giveUpBatch, openBatches } from '../../src/queue/index.ts';
import { tendBroadcast } from '../../src/serve/settle.ts';
import { fill } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { charter, makeVault, seedAt, send, signNext } from './vault-world.ts';

test('a batch that replaced what was dead by a shallower burial is not bumped before it is dead by the deeper one', async () => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const dead = signNext(store);
  askPeer(store, dead, 'gate', 'gate-1', fill(101, 16));
  giveUpBatch(store, dead, { refused: [], codes: ['INTERNAL'], notBefore: 0 });
  mine(store, [{ txid: fill(201, 32), inputs: getBatch(store, dead).inputs }]);
  for (let depth = 1; depth < 6; depth += 1) mine(store, []);
  const id = signNext(store);
  send(store, id);
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  const deep = mustLoad({ ...charter.charter, clock: { ...charter.charter.clock, burial: 30 } });
  await tendBroadcast({ ...vault, charter: deep });
  expect(openBatches(store).map((batch) => batch.id)).toEqual([id]);
  await tendBroadcast(vault);
  expect(openBatches(store).map(({ purpose }) => purpose)).toEqual(['payment', 'bump']);
});
