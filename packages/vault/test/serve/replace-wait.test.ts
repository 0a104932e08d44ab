/** What replaces a batch and is given up, though one signer may have signed it, is tried again less and less often. */
import { expect, test } from 'vitest';
import {
  askPeer,
  getBatch,
  giveUpBatch,
  openBatches,
  recordBroadcast,
  recordCleared,
  recordRefused,
  type Store,
  tipHeight,
} from '../../src/queue/index.ts';
import { cancelEnded, tendBroadcast } from '../../src/serve/settle.ts';
import { fill, idOf } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { makeVault, seedAt, signBy, signNext } from './vault-world.ts';

const BLOCKS = 40;

/** Blocks between the replacements that are drafted, each of which is signed by one and given up at once. */
async function blocksBetween(store: Store, code: string, look: () => Promise<void>): Promise<number[]> {
  const heights: number[] = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    await look();
    for (const { id } of openBatches(store).filter(({ status }) => status === 'drafted')) {
      heights.push(tipHeight(store));
      signBy(store, id, 'A');
      askPeer(store, id, 'signer', 'B', fill(100 + id, 16));
      recordRefused(store, id, 'signer', 'B', [code]);
      giveUpBatch(store, id, { refused: [], codes: [code], notBefore: 0 });
    }
    mine(store, []);
  }
  return heights.slice(1).map((height, place) => height - (heights[place] ?? 0));
}

const WAITS: [string, number[]][] = [
  ['SCREENING', [1, 3, 7, 15]],
  // Nothing is wrong with it: the window will have room again.
  ['FEE_WINDOW', [1, 3, 6, 6, 6, 6, 6]],
];

test.each(WAITS)('a replacement with a higher fee, refused %s by one', async (code, waits) => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const id = signNext(store);
  const { txid } = getBatch(store, id);
  askPeer(store, id, 'gate', 'gate-1', fill(100, 16));
  recordCleared(store, id, 'gate-1', { message: fill(1, 30), txid, transaction: fill(2, 100) });
  recordBroadcast(store, id);
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  expect(await blocksBetween(store, code, () => tendBroadcast(vault))).toEqual(waits);
});

test.each(WAITS)('a transaction that takes the coins home, refused %s by one', async (code, waits) => {
  const { vault, store } = makeVault();
  const seed = seedAt(0);
  approve(store, seed);
  const id = signNext(store);
  giveUpBatch(store, id, { refused: [{ id: idOf(seed), codes: ['DUST'] }], codes: [], notBefore: 0 });
  expect(await blocksBetween(store, code, () => cancelEnded(vault))).toEqual(waits);
});

const OF_GATES: [string, number[]][] = [
  // Only the node did not take it: nothing is wrong with it.
  ['GATE_HOME', [1, 3, 6, 6, 6, 6, 6]],
  ['GATE_CONFLICT', [1, 3, 7, 15]],
];

test.each(OF_GATES)('a replacement that two signed, and of which a gate says %s', async (code, waits) => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const id = signNext(store);
  const { txid } = getBatch(store, id);
  askPeer(store, id, 'gate', 'gate-1', fill(100, 16));
  recordCleared(store, id, 'gate-1', { message: fill(1, 30), txid, transaction: fill(2, 100) });
  recordBroadcast(store, id);
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  const heights: number[] = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    await tendBroadcast(vault);
    for (const drafted of openBatches(store).filter(({ status }) => status === 'drafted')) {
      heights.push(tipHeight(store));
      // That the third one refuses it is not why.
      askPeer(store, drafted.id, 'signer', 'C', fill(100 + drafted.id, 16));
      recordRefused(store, drafted.id, 'signer', 'C', ['TX_FIELDS']);
      signBy(store, drafted.id, 'A', 'B');
      askPeer(store, drafted.id, 'gate', 'gate-2', fill(200 + drafted.id, 16));
      recordRefused(store, drafted.id, 'gate', 'gate-2', [code]);
      giveUpBatch(store, drafted.id, { refused: [], codes: [], notBefore: 0 });
    }
    mine(store, []);
  }
  const between = heights.slice(1).map((height, place) => height - (heights[place] ?? 0));
  expect(between).toEqual(waits);
});
