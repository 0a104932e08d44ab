/**
 * A small program for the crash test: submits, screens, drafts, signs, clears, broadcasts and mines withdrawals until it
 * is killed. It prints a line for each intent after the queue has acknowledged it, and takes up what it finds.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import process from 'node:process';
import { toHex } from '@coldwire/protocol';
import { planRegroup, prepareDraft } from '../../src/draft/index.ts';
import {
  askPeer,
  getBatch,
  knownBlocks,
  listWithdrawals,
  nextToScreen,
  openBatches,
  openQueue,
  recordBroadcast,
  recordChainEvents,
  recordCleared,
  recordDraft,
  recordSigned,
  recordVerdict,
  type Store,
  spendableCoins,
  submitIntent,
  takeBatch,
  tipHeight,
} from '../../src/queue/index.ts';
import { fill, hashAt, makeCoin, makeIntent, policy, scripts } from '../parts.ts';

const [path, limit] = process.argv.slice(2);
const store = openQueue(path ?? '', Date.now);

function fund(queue: Store): void {
  if (knownBlocks(queue, 1).length > 0) return;
  recordChainEvents(queue, [
    { kind: 'connected', height: 100, hash: hashAt(100) },
    ...Array.from({ length: 8 }, (_, i) => {
      return { kind: 'created', coin: makeCoin(i), height: 100, coinbase: false } as const;
    }),
  ]);
}

function submit(queue: Store, seed: number): void {
  const signed = makeIntent({ seed, amount: 2000n });
  const result = submitIntent(queue, signed);
  if (result.kind !== 'reused') writeSync(1, `${toHex(result.withdrawal.id)}\n`);
}

function screen(queue: Store): void {
  const decisions = nextToScreen(queue, 10).map(({ id }) => ({ kind: 'cleared', id }) as const);
  if (decisions.length > 0) recordVerdict(queue, { screen: 'screen1', issued: 100, decisions });
}

function draft(queue: Store): void {
  const take = takeBatch(queue, { maxIntents: 5, amountPerTransaction: 10n ** 9n, burial: 6 });
  if (take.withdrawals.length < 2) return;
  const coins = spendableCoins(queue, { unconfirmedChange: false, admittedBy: [] });
  const plan = planRegroup(
    {
      ...{ policy, scripts, coins, changeIndex: 0, feerate: 1000n, longTermFeerate: 1000n },
      ...{ tipHeight: tipHeight(queue), seed: new Uint8Array(randomBytes(16)) },
    },
    take.withdrawals,
    take.required,
  );
  if (plan.kind !== 'planned') return;
  const prepared = prepareDraft(plan.draft, [], scripts);
  recordDraft(queue, { prepared, purpose: 'payment', replaces: null, burial: 6 });
}

function advance(queue: Store): void {
  for (const { id, status, txid } of openBatches(queue)) {
    if (status === 'drafted' || status === 'signing') {
      for (const signer of ['A', 'B']) {
        askPeer(queue, id, 'signer', signer, new Uint8Array(randomBytes(16)));
        recordSigned(queue, id, signer, fill(signer.charCodeAt(0), 200));
      }
    } else if (status === 'signed') {
      askPeer(queue, id, 'gate', 'gate1', new Uint8Array(randomBytes(16)));
      recordCleared(queue, id, 'gate1', { message: fill(3), txid, transaction: fill(4, 500) });
    } else if (status === 'cleared') {
      recordBroadcast(queue, id);
    } else {
      mine(queue, id);
    }
  }
}

function mine(queue: Store, id: number): void {
  const { txid, inputs } = getBatch(queue, id);
  const height = tipHeight(queue) + 1;
  const spent = inputs.map((outpoint) => ({ kind: 'spent', outpoint, by: txid, height }) as const);
  recordChainEvents(queue, [{ kind: 'connected', height, hash: hashAt(height) }, ...spent]);
}

fund(store);
let next = listWithdrawals(store, { state: null, after: null, limit: 100_000 }).length;
for (let round = 0; ; round += 1) {
  if (next < Number(limit)) {
    submit(store, next);
    next += 1;
  }
  screen(store);
  if (round % 3 === 0 || next >= Number(limit)) draft(store);
  advance(store);
  if (next >= Number(limit) && openBatches(store).length === 0) break;
}
store.db.close();
