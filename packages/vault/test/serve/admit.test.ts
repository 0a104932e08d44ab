/** What signers are told of coins: without a proof at first, and with it as soon as there is one. */
import { Admit, decode, equalBytes } from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import { hash256 } from '@coldwire/wallet/hash.ts';
import { expect, test } from 'vitest';
import { draftTransaction } from '../../src/draft/index.ts';
import { coinsToAdmit, getBatch, type Store } from '../../src/queue/index.ts';
import { admitCoins, draftOf } from '../../src/serve/admit.ts';
import { fill, makeQueue, scripts } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { done, makeVault, seedAt, send, signNext } from './vault-world.ts';

test('change that is mined while a signer is told of it without a proof is told with it next', async () => {
  const store = makeQueue(1);
  const { vault, signers } = makeVault(store);
  const [signer] = signers;
  if (signer === undefined) throw new Error('there are three signers');
  approve(store, seedAt(0));
  const id = signNext(store);
  send(store, id);
  const { txid, change } = getBatch(store, id);
  const isToBeTold = () => coinsToAdmit(store, signer.name, 9).some((coin) => equalBytes(coin.txid, txid));
  expect(change).toHaveLength(1);
  expect(isToBeTold()).toBe(true);
  const proofs: boolean[] = [];
  signer.says = (type, body) => {
    const admit = decode(Admit, body, body.length);
    if (type !== 'ADMIT' || !admit.ok) throw new Error(`not an ADMIT: ${type}`);
    if (equalBytes(hash256(admit.value.transaction), txid)) proofs.push(admit.value.proof !== null);
    if (proofs.length === 1) mineIt(store, id);
    return done;
  };
  await admitCoins(vault, signer);
  await admitCoins(vault, signer);
  expect(isToBeTold()).toBe(false);
  expect(proofs).toEqual([false, true]);
});

/** A block with this batch; where it is in the block nobody here looks at. */
function mineIt(store: Store, id: number): void {
  const batch = getBatch(store, id);
  const height = mine(store, [batch]);
  const stripped = serializeStripped(draftTransaction(draftOf(batch), scripts));
  store.db.run(
    'INSERT INTO proofs (txid, stripped, height, block, position, path) VALUES (?, ?, ?, ?, ?, ?)',
    ...[batch.txid, stripped, height, fill(3, 32), 0, new Uint8Array()],
  );
}
