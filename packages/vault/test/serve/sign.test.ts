/** What follows where a signer does not sign: it may have approved all the same, and the one that is away keeps nothing from going on. */
import { encode, hashRequest, Signed, toHex } from '@coldwire/protocol';
import { expect, test, vi } from 'vitest';
import { ChainError } from '../../src/chain/index.ts';
import { findWithdrawal, getBatch } from '../../src/queue/index.ts';
import { Signing } from '../../src/serve/sign.ts';
import { isPassing } from '../../src/serve/verdicts.ts';
import { fill, idOf } from '../fixture.ts';
import { approve, draft, mine } from '../queue/steps.ts';
import { makeVault, refusing, seedAt } from './vault-world.ts';

const WAITING = { timeout: 4_000 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function begin() {
  const world = makeVault();
  const { store, signers, vault } = world;
  const seed = seedAt(0);
  approve(store, seed);
  const id = draft(store);
  const [a, b, c] = signers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three signers');
  const { request, txid } = getBatch(store, id);
  const sealed = {
    ephemeral: fill(6, 32),
    wraps: [['gate-1', fill(7, 48)] as const],
    ciphertext: fill(8, 80),
  };
  const body = encode(Signed, { requestHash: hashRequest(request), txid, commitment: fill(5, 32), sealed });
  const signed = { type: 'SIGNED', body } as const;
  const batchNow = () => getBatch(store, id);
  const withdrawalNow = () => findWithdrawal(store, idOf(seed));
  return { ...world, id, a, b, c, signed, batchNow, withdrawalNow, signing: new Signing(vault, id) };
}

test('a signer that has approved and fails then has a batch that two refuse given up as one that may be signed', async () => {
  const { a, b, c, batchNow, signing } = begin();
  for (const signer of [a, b, c]) signer.says = () => refusing('CLOCK_STALE');
  b.says = () => refusing('INTERNAL');
  await signing.run();
  expect(b.asked).toHaveLength(1);
  expect(batchNow()).toMatchObject({ status: 'abandoned', exposed: true });
});

test.each([
  ['away', 'CLOCK_STALE'],
  ['mute', 'CLOCK_STALE'],
  ['away', 'INTERNAL'],
])(
  'while the third is %s, a signer that refuses %s is asked again after a block, and no sooner',
  async (how, code) => {
    const { vault, store, a, b, c, id, signed, batchNow, withdrawalNow, signing } = begin();
    const { deadlineMs } = vault.tuning;
    a.says = () => signed;
    b.says = () => refusing(code);
    c.says = () => undefined;
    c.isThere = how === 'mute';
    const run = signing.run();
    const requestOf = () => batchNow().peers.find(({ name }) => name === 'B')?.requestId;
    await pause(deadlineMs * 4);
    const first = requestOf();
    expect([a.asked.length, b.asked.length]).toEqual([1, 1]);
    mine(store, []);
    await vi.waitFor(() => expect(b.asked).toHaveLength(2), WAITING);
    await pause(deadlineMs * 2);
    expect(b.asked).toHaveLength(2);
    const second = requestOf();
    b.says = () => signed;
    mine(store, []);
    await run;
    expect(b.asked).toHaveLength(3);
    expect([a.asked.length, batchNow().status]).toEqual([1, 'signed']);
    // A refusal is kept at the signer, and is what the same id is answered for ever.
    const requests = [first, second, requestOf()].map((request) => toHex(request ?? fill(0)));
    expect(new Set(requests).size).toBe(3);
    expect(withdrawalNow()).toMatchObject({ state: 'signed', batch: id });
  },
);

test.each(['EXPIRED', 'SCREENING', 'CONFLICT', 'FEE_RATE', 'AMOUNT_TX'])(
  'while the third is away, what is refused %s and stays so is drafted anew over the coins that one has signed',
  async (code) => {
    const { vault, store, a, b, c, signed, batchNow, withdrawalNow, signing } = begin();
    a.says = () => signed;
    b.says = () => refusing(code);
    c.isThere = false;
    const run = signing.run();
    await pause(vault.tuning.deadlineMs * 4);
    expect(batchNow().status).toBe('signing');
    const height = mine(store, []);
    await run;
    expect([a.asked.length, b.asked.length]).toEqual([1, 1]);
    expect(batchNow()).toMatchObject({ status: 'abandoned', exposed: true });
    // What an honest draft never meets is left alone for longer.
    const wait = isPassing({ code, facts: new Map() }) ? 1 : 6;
    expect(withdrawalNow()).toMatchObject({ state: 'approved', notBefore: height + wait, codes: [code] });
  },
);

test('while the third is away, an intent that one signer will never pay keeps no other waiting', async () => {
  const world = makeVault();
  const { store, signers, vault } = world;
  const [blamed, other] = [seedAt(0), seedAt(0, seedAt(0) + 1)];
  approve(store, blamed, other);
  const signing = new Signing(vault, draft(store));
  for (const signer of signers) {
    signer.isThere = signer.name !== 'C';
    signer.says = () =>
      signer.name === 'B' ? refusing('DESTINATION_DENIED', { intent: toHex(idOf(blamed)) }) : undefined;
  }
  const run = signing.run();
  await pause(vault.tuning.deadlineMs * 2);
  const height = mine(store, []);
  await run;
  expect(findWithdrawal(store, idOf(blamed))).toMatchObject({ state: 'approved', notBefore: height + 6 });
  expect(findWithdrawal(store, idOf(other))).toMatchObject({ state: 'approved', notBefore: height });
});

test('a signer that lacks a witness is asked as well while one that has them all says nothing', async () => {
  const { a, b, c, signed, batchNow, signing } = begin();
  a.says = () => undefined;
  for (const signer of [b, c]) signer.says = () => signed;
  c.isUnwitnessed = () => true;
  await signing.run();
  expect([b.asked.length, c.asked.length, batchNow().status]).toEqual([1, 1, 'signed']);
});

test('a node in trouble is asked again at its own pace, and the batch is signed when that is over', async () => {
  const { vault, a, b, c, signed, batchNow, id } = begin();
  let isUp = false;
  const troubles: unknown[] = [];
  for (const signer of [a, b, c]) {
    signer.says = () => signed;
    signer.settle = () =>
      isUp ? Promise.resolve() : Promise.reject(new ChainError('refused', 'the node refused'));
  }
  const tuning = { ...vault.tuning, pollMs: 25 };
  const troubled = { ...vault, tuning, fail: (error: unknown) => troubles.push(error) };
  const from = performance.now();
  const run = new Signing(troubled, id).run();
  await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(3), WAITING);
  // Two are asked at a time, and the third once one is slow.
  const most = 3 * (1 + (performance.now() - from) / tuning.pollMs);
  expect(troubles.length).toBeLessThanOrEqual(most);
  isUp = true;
  await run;
  expect(batchNow().status).toBe('signed');
});

test('the third is asked as soon as it is back', async () => {
  const { vault, b, c, a, signed, batchNow, signing } = begin();
  for (const signer of [a, c]) signer.says = () => signed;
  b.says = () => refusing('CLOCK_STALE');
  c.isThere = false;
  const run = signing.run();
  await pause(vault.tuning.deadlineMs * 2);
  c.isThere = true;
  await run;
  expect([b.asked.length, batchNow().status]).toEqual([1, 'signed']);
});

test('signers without witnesses are asked once, and the batch is given up unsigned, when no gate says anything in time', async () => {
  const { signers, batchNow, signing } = begin();
  for (const signer of signers) {
    signer.isUnwitnessed = () => true;
    signer.says = () => refusing('UNWITNESSED');
  }
  await signing.run();
  expect(Math.max(...signers.map(({ asked }) => asked.length))).toBe(1);
  expect(batchNow()).toMatchObject({ status: 'refused', exposed: false });
});

test('a signer without witnesses is asked again as soon as it has them', async () => {
  const { vault, signers, a, b, c, signed, batchNow, id } = begin();
  let isUnwitnessed = true;
  for (const signer of signers) {
    signer.isUnwitnessed = () => isUnwitnessed;
    signer.says = () => (isUnwitnessed ? refusing('UNWITNESSED') : signed);
  }
  const patient = { ...vault, tuning: { ...vault.tuning, deadlineMs: WAITING.timeout } };
  const run = new Signing(patient, id).run();
  await vi.waitFor(() => expect(b.asked).toHaveLength(1), WAITING);
  vault.bells.peers.ring();
  await pause(5);
  expect([a, b, c].map(({ asked }) => asked.length)).toEqual([0, 1, 1]);
  isUnwitnessed = false;
  vault.bells.peers.ring();
  await run;
  expect([a, b, c].map(({ asked }) => asked.length)).toEqual([0, 2, 2]);
  expect(batchNow().status).toBe('signed');
});
