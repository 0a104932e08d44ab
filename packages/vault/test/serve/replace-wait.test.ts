/** What replaces a batch and is given up, though one signer may have signed it, is tried again less and less often. */
import { expect, test } from 'vitest';
import {
  askPeer,
  giveUpBatch,
  openBatches,
  recordRefused,
  type Store,
  tipHeight,
} from '../../src/queue/index.ts';
import { cancelEnded, tendBroadcast } from '../../src/serve/settle.ts';
import { fill, idOf } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { makeVault, seedAt, send, signBy, signNext } from './vault-world.ts';

const BLOCKS = 40;

/** Blocks between the replacements that are drafted, each of which is refused as `refuse` has it and given up at once. */
async function blocksBetween(
  store: Store,
  refuse: (id: number) => readonly string[],
  look: () => Promise<void>,
): Promise<number[]> {
  const heights: number[] = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    await look();
    for (const { id } of openBatches(store).filter(({ status }) => status === 'drafted')) {
      heights.push(tipHeight(store));
      giveUpBatch(store, id, { refused: [], codes: refuse(id), notBefore: 0 });
    }
    mine(store, []);
  }
  return heights.slice(1).map((height, place) => height - (heights[place] ?? 0));
}

/** One signer signs it, and another refuses it. */
function halfSign(store: Store, id: number, code: string): readonly string[] {
  signBy(store, id, 'A');
  askPeer(store, id, 'signer', 'B', fill(100 + id, 16));
  recordRefused(store, id, 'signer', 'B', [code]);
  return [code];
}

/** Two signers sign it, the third one refuses it, and a gate says this. */
function signWhole(store: Store, id: number, code: string): readonly string[] {
  askPeer(store, id, 'signer', 'C', fill(100 + id, 16));
  recordRefused(store, id, 'signer', 'C', ['TX_FIELDS']);
  signBy(store, id, 'A', 'B');
  askPeer(store, id, 'gate', 'gate-2', fill(200 + id, 16));
  recordRefused(store, id, 'gate', 'gate-2', [code]);
  return [];
}

/** A payment that waits for too long. */
function makeLate(): ReturnType<typeof makeVault> {
  const world = makeVault();
  const { vault, store } = world;
  approve(store, seedAt(0));
  send(store, signNext(store));
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  return world;
}

const WAITS: [string, number[]][] = [
  ['SCREENING', [1, 3, 7, 15]],
  // Nothing is wrong with it: the window will have room again.
  ['FEE_WINDOW', [1, 3, 6, 6, 6, 6, 6]],
];

test.each(WAITS)('a replacement with a higher fee, refused %s by one', async (code, waits) => {
  const { vault, store } = makeLate();
  const refuse = (id: number) => halfSign(store, id, code);
  expect(await blocksBetween(store, refuse, () => tendBroadcast(vault))).toEqual(waits);
});

test.each(WAITS)('a transaction that takes the coins home, refused %s by one', async (code, waits) => {
  const { vault, store } = makeVault();
  const seed = seedAt(0);
  approve(store, seed);
  const given = signNext(store);
  giveUpBatch(store, given, { refused: [{ id: idOf(seed), codes: ['DUST'] }], codes: [], notBefore: 0 });
  const refuse = (id: number) => halfSign(store, id, code);
  expect(await blocksBetween(store, refuse, () => cancelEnded(vault))).toEqual(waits);
});

const OF_GATES: [string, number[]][] = [
  // Only the node did not take it: nothing is wrong with it.
  ['GATE_HOME', [1, 3, 6, 6, 6, 6, 6]],
  ['GATE_CONFLICT', [1, 3, 7, 15]],
];

test.each(OF_GATES)('a replacement that two signed, and of which a gate says %s', async (code, waits) => {
  const { vault, store } = makeLate();
  const refuse = (id: number) => signWhole(store, id, code);
  expect(await blocksBetween(store, refuse, () => tendBroadcast(vault))).toEqual(waits);
});
