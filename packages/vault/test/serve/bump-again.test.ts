/** What waits for long is replaced again and again, each time from where the last replacement stands. */
import { expect, test } from 'vitest';
import {
  askPeer,
  findBatchByTxid,
  getBatch,
  openBatches,
  recordBroadcast,
  recordCleared,
} from '../../src/queue/index.ts';
import { tendBroadcast } from '../../src/serve/settle.ts';
import { fill } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { makeVault, seedAt, signBy, signNext } from './vault-world.ts';

test('a payment that was replaced and still waits is replaced from there, and not from the first again', async () => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const first = signNext(store);
  const send = (id: number): void => {
    const { txid } = getBatch(store, id);
    askPeer(store, id, 'gate', 'gate-1', fill(100 + id, 16));
    recordCleared(store, id, 'gate-1', { message: fill(1, 30), txid, transaction: fill(id, 100) });
    recordBroadcast(store, id);
  };
  send(first);
  const offered: number[] = [];
  const chain = {
    ...vault.chain,
    broadcast: (transaction: Uint8Array) => {
      offered.push(transaction[0] ?? 0);
      return Promise.resolve({ kind: 'accepted' } as const);
    },
    status: (txid: Uint8Array) => {
      // Of all that share a coin the node has the last.
      const latest = Math.max(...openBatches(store).map(({ id }) => id));
      const isThere = findBatchByTxid(store, txid)?.id === latest;
      return Promise.resolve(isThere ? ({ kind: 'waiting' } as const) : ({ kind: 'unknown' } as const));
    },
  };
  const fees = [getBatch(store, first).fee];
  const replaced: (number | null)[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
    await tendBroadcast({ ...vault, chain });
    const drafted = openBatches(store).filter(({ status }) => status === 'drafted');
    expect(drafted).toHaveLength(1);
    for (const { id, fee, replaces } of drafted) {
      fees.push(fee);
      replaced.push(replaces);
      signBy(store, id, 'A', 'B');
      send(id);
    }
  }
  expect(replaced).toEqual([first, first + 1, first + 2]);
  for (const [place, fee] of fees.entries()) expect(fee).toBeGreaterThan(fees[place - 1] ?? 0n);
  // What the node has replaced is not offered to it again.
  expect(offered).toEqual([]);
});
