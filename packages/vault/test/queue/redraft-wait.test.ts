/** How long an intent waits for its next draft: what signers may have signed for it, they remember. */
import { expect, test } from 'vitest';
import {
  askPeer,
  findWithdrawal,
  giveUpBatch,
  recordDraft,
  recordRefused,
  type Store,
  takeBatch,
  tipHeight,
} from '../../src/queue/index.ts';
import { draftNext, fill, idOf, makeQueue } from '../fixture.ts';
import { approve, mine, sign, statusOf } from './steps.ts';

const CAPS = { maxIntents: 100, amountPerTransaction: 1_000_000_000n, burial: 6 };

/** Blocks mined until the withdrawal may be drafted again. */
function blocksUntilTaken(store: Store): number {
  const from = tipHeight(store);
  while (takeBatch(store, CAPS).withdrawals.length === 0) mine(store, []);
  return tipHeight(store) - from;
}

/** Drafts it with a fee of its own: another transaction than all before. */
function draftAnew(store: Store): number {
  const feerate = 5000n + 100n * BigInt(batchesSoFar(store));
  const prepared = draftNext(store, { tipHeight: tipHeight(store), feerate });
  return recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: CAPS.burial });
}

function batchesSoFar(store: Store): number {
  return store.db.all('SELECT id FROM batches').length;
}

/** Drafts, has one signer sign, and gives the batch up; the other refuses. */
function giveUpSigned(store: Store, codes: readonly string[] = ['SCREENING']): number {
  const id = draftAnew(store);
  sign(store, id, ['A']);
  askPeer(store, id, 'signer', 'B', fill(100 + id, 16));
  recordRefused(store, id, 'signer', 'B', codes);
  giveUpBatch(store, id, { refused: [], codes, notBefore: tipHeight(store) });
  return id;
}

/** Drafts, and gives up what the only signer that was asked has refused. */
function giveUpRefused(store: Store, notBefore: number): number {
  const id = draftAnew(store);
  askPeer(store, id, 'signer', 'A', fill(100 + id, 16));
  recordRefused(store, id, 'signer', 'A', ['SCREENING']);
  giveUpBatch(store, id, { refused: [], codes: ['SCREENING'], notBefore });
  return id;
}

test('each carrier that may be signed doubles the wait for the next draft, up to a day', () => {
  const store = makeQueue();
  approve(store, 1);
  const waits: number[] = [];
  for (let carriers = 1; carriers <= 10; carriers += 1) {
    expect(statusOf(store, giveUpSigned(store))).toBe('abandoned');
    waits.push(blocksUntilTaken(store));
  }
  expect(waits).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 144, 144]);
});

test.each([
  ['a window is full', ['AMOUNT_WINDOW', 'COUNT_WINDOW']],
  ['a window of one is full', ['DESTINATION_WINDOW', 'REQUESTER_WINDOW']],
  ['a machine is not fit', ['CLOCK_STALE']],
  ['the node takes no fee that is allowed', []],
])('where %s nothing is wrong with the intent, and it waits an hour at most', (_, codes) => {
  const store = makeQueue();
  approve(store, 1);
  const waits = Array.from({ length: 6 }, () => {
    giveUpSigned(store, codes);
    return blocksUntilTaken(store);
  });
  expect(waits).toEqual([0, 1, 3, 6, 6, 6]);
});

test('the larger of this and what was asked for counts', () => {
  const store = makeQueue();
  approve(store, 1);
  giveUpSigned(store);
  giveUpSigned(store);
  expect(blocksUntilTaken(store)).toBe(1);
  const id = draftAnew(store);
  sign(store, id, ['A']);
  const waits = new Map([[Buffer.from(idOf(1)).toString('hex'), tipHeight(store) + 5]]);
  giveUpBatch(store, id, { refused: [], codes: ['SCREENING'], notBefore: 0, waits });
  expect(blocksUntilTaken(store)).toBe(5);
});

test('what nobody can have signed waits as long as was asked, whatever carried it before', () => {
  const store = makeQueue();
  approve(store, 1);
  for (let carriers = 1; carriers <= 3; carriers += 1) {
    giveUpSigned(store);
    blocksUntilTaken(store);
  }
  for (const asked of [0, 0, 0, 2]) {
    expect(statusOf(store, giveUpRefused(store, tipHeight(store) + asked))).toBe('refused');
    expect(blocksUntilTaken(store)).toBe(asked);
  }
});

test('a carrier that a mined transaction replaced counts no more', () => {
  const store = makeQueue();
  approve(store, 1);
  const first = giveUpSigned(store);
  giveUpSigned(store);
  blocksUntilTaken(store);
  const spent = takeBatch(store, CAPS).required;
  mine(store, [{ txid: fill(201, 32), inputs: spent }]);
  expect(statusOf(store, first)).toBe('replaced');
  for (let depth = 1; depth < CAPS.burial; depth += 1) mine(store, []);
  giveUpSigned(store);
  expect(blocksUntilTaken(store)).toBe(0);
});

test('a withdrawal that ends is not kept waiting', () => {
  const store = makeQueue();
  approve(store, 1);
  giveUpSigned(store);
  giveUpSigned(store);
  blocksUntilTaken(store);
  const id = draftAnew(store);
  sign(store, id, ['A']);
  giveUpBatch(store, id, { refused: [{ id: idOf(1), codes: ['DUST'] }], codes: [], notBefore: 0 });
  expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'refused', codes: ['DUST'] });
});
