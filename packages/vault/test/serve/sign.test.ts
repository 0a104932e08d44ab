/** What follows where a signer does not sign: it may have approved all the same, and the one that is away keeps nothing from going on. */
import { encode, hashRequest, Signed } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { findWithdrawal, getBatch } from '../../src/queue/index.ts';
import { Signing } from '../../src/serve/sign.ts';
import { fill, idOf } from '../fixture.ts';
import { approve, draft } from '../queue/steps.ts';
import { makeVault, refusing, seedAt } from './vault-world.ts';

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
