/** A deposit that a reorganization took away, and that never comes back, holds up nothing that can do without it. */
import { toHex } from '@coldwire/protocol';
import type { Coin } from '@coldwire/wallet';
import { expect, test } from 'vitest';
import { prepareDraft } from '../../src/draft/index.ts';
import {
  getBatch,
  giveUpBatch,
  openBatches,
  recordChainEvents,
  recordDraft,
  type Store,
  takeBatch,
} from '../../src/queue/index.ts';
import { cancelEnded } from '../../src/serve/settle.ts';
import { idOf, makeCoin, makeQueue, scripts } from '../fixture.ts';
import { approve, mine, unmine } from '../queue/steps.ts';
import { makeVault, signBy } from './vault-world.ts';

const CAPS = { maxIntents: 9, amountPerTransaction: 1_000_000_000n, burial: 6 };
const THERE = 20;
const nameOf = (index: number): string => toHex(makeCoin(index).txid);
/** Before and behind the other one, in the order of txids. */
const GONE = [
  firstOf((index) => nameOf(index) < nameOf(THERE)),
  firstOf((index) => nameOf(index) > nameOf(THERE)),
];

function firstOf(fits: (index: number) => boolean): number {
  for (let index = THERE + 1; ; index += 1) if (fits(index)) return index;
}

/** One signer has signed a payment over two deposits; the second one is gone. */
function makeHalfGone(gone: number, amount: bigint): { store: Store; id: number } {
  const store = makeQueue(0);
  const coins: Coin[] = [];
  let height = 0;
  for (const coin of [
    { ...makeCoin(THERE), amount: 60_000n },
    { ...makeCoin(gone), amount },
  ]) {
    height = mine(store, []);
    recordChainEvents(store, [{ kind: 'created', coin, height, coinbase: false }]);
    coins.push(coin);
  }
  approve(store, 1);
  const intents = takeBatch(store, CAPS).withdrawals.map(
    ({ intent, signature }) => [intent, signature] as const,
  );
  const inputs = coins.map(
    (coin) => [coin.txid, coin.vout, coin.amount, coin.wallet, coin.chain, coin.index] as const,
  );
  const prepared = prepareDraft(
    { locktime: height, inputs, intents, change: [[0, 0, amount, 1]] },
    [],
    scripts,
  );
  const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  signBy(store, id, 'A');
  return { store, id };
}

function takeAway(store: Store): void {
  unmine(store);
  for (let block = 0; block < 3; block += 1) mine(store, [], 1);
}

test.each(GONE)('what pays the same intent next spends the coin that is there (%i)', (gone) => {
  const { store, id } = makeHalfGone(gone, 60_000n);
  giveUpBatch(store, id, { refused: [], codes: [], notBefore: 0 });
  takeAway(store);
  expect(takeBatch(store, CAPS).required.map(({ index }) => index)).toEqual([THERE]);
});

test('what takes the coins home spends the coin that is there, though the other one is larger', async () => {
  const { store, id } = makeHalfGone(30, 600_000n);
  const { vault } = makeVault(store);
  giveUpBatch(store, id, { refused: [{ id: idOf(1), codes: ['DUST'] }], codes: [], notBefore: 0 });
  takeAway(store);
  await cancelEnded(vault);
  const [cancel] = openBatches(store);
  expect(cancel?.purpose).toBe('cancel');
  expect(cancel?.inputs.map(({ txid }) => txid)).toEqual([makeCoin(THERE).txid]);
  expect(getBatch(store, id).status).toBe('abandoned');
});
