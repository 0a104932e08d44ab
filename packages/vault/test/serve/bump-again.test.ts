/** What waits for long is replaced again and again, each time from where the last replacement stands. */
import { expect, test } from 'vitest';
import { planBump, prepareDraft } from '../../src/draft/index.ts';
import {
  findBatchByTxid,
  getBatch,
  openBatches,
  recordChainEvents,
  recordDraft,
} from '../../src/queue/index.ts';
import { requestOf } from '../../src/serve/admit.ts';
import { tendBroadcast } from '../../src/serve/settle.ts';
import { contextOf, hashAt, makeCoin, makeQueue, policy, scripts } from '../fixture.ts';
import { approve, mine, unmine } from '../queue/steps.ts';
import { makeVault, seedAt, send, signBy, signNext, type VaultWorld } from './vault-world.ts';

test('a payment that was replaced and still waits is replaced from there, and not from the first again', async () => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const first = signNext(store);
  send(store, first);
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
      send(store, id);
    }
  }
  expect(replaced).toEqual([first, first + 1, first + 2]);
  for (const [place, fee] of fees.entries()) expect(fee).toBeGreaterThan(fees[place - 1] ?? 0n);
  // What the node has replaced is not offered to it again.
  expect(offered).toEqual([]);
});

/** A node that has one transaction at a time, and takes all but those that are invalid. */
function nodeOf({ vault, store }: VaultWorld) {
  const node = { has: new Set<number>(), invalid: new Set<number>(), offered: [] as number[] };
  const chain: typeof vault.chain = {
    ...vault.chain,
    status: (txid) => {
      const { id } = findBatchByTxid(store, txid) ?? { id: 0 };
      return Promise.resolve({ kind: node.has.has(id) ? 'waiting' : 'unknown' });
    },
    broadcast: (transaction) => {
      const id = transaction[0] ?? 0;
      node.offered.push(id);
      const reason = 'bad-txns-inputs-missingorspent';
      if (node.invalid.has(id)) return Promise.resolve({ kind: 'missing-inputs', reason });
      node.has = new Set([id]);
      return Promise.resolve({ kind: 'accepted' });
    },
  };
  return { node, tend: () => tendBroadcast({ ...vault, chain }) };
}

/** A payment that was broadcast, replaced, and its replacement broadcast, which waits too long as well. */
async function makeReplaced() {
  const world = makeVault();
  const { vault, store } = world;
  const { node, tend } = nodeOf(world);
  const wait = (): void => {
    for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  };
  const drafted = () => openBatches(store).filter(({ status }) => status === 'drafted');
  approve(store, seedAt(0));
  const first = signNext(store);
  send(store, first);
  node.has = new Set([first]);
  wait();
  await tend();
  const [bump] = drafted();
  if (bump === undefined) throw new Error('it was not replaced');
  signBy(store, bump.id, 'A', 'B');
  send(store, bump.id);
  node.has = new Set([bump.id]);
  wait();
  return { store, node, tend, drafted, first, bump: bump.id };
}

test('a payment whose replacement no node takes any more is offered again itself, and replaced from there', async () => {
  const { store, node, tend, drafted, first, bump } = await makeReplaced();
  // A reorganization took away a coin that the replacement alone spends.
  node.has.clear();
  node.invalid.add(bump);
  await tend();
  expect(node.offered).toEqual([bump, first]);
  expect([...node.has]).toEqual([first]);
  expect(drafted().map(({ replaces }) => replaces)).toEqual([first]);
  // What conflicts with a transaction that the node has is left alone.
  mine(store, []);
  await tend();
  expect(node.offered).toEqual([bump, first]);
  expect(drafted()).toHaveLength(1);
});

test('where the node has the older one only, that is replaced, and the newer is not offered', async () => {
  const { node, tend, drafted, first } = await makeReplaced();
  node.has = new Set([first]);
  await tend();
  expect(node.offered).toEqual([]);
  expect(drafted().map(({ replaces }) => replaces)).toEqual([first]);
});

test('of several of which the node takes none, all are offered, and only the newest is replaced', async () => {
  const { node, tend, drafted, first, bump } = await makeReplaced();
  node.has.clear();
  node.invalid.add(bump).add(first);
  await tend();
  expect(node.offered).toEqual([bump, first]);
  expect(drafted().map(({ replaces }) => replaces)).toEqual([bump]);
});

test('what spends the change of another one is offered after that one, each once', async () => {
  const { vault, store } = makeVault();
  approve(store, seedAt(0));
  const parent = signNext(store);
  send(store, parent);
  approve(store, seedAt(0, seedAt(0) + 1));
  const child = signNext(store);
  send(store, child);
  const offered: number[] = [];
  const chain = {
    ...vault.chain,
    broadcast: ([id = 0]: Uint8Array) => {
      const isEarly = id === child && !offered.includes(parent);
      offered.push(id);
      return Promise.resolve(
        isEarly
          ? ({ kind: 'rejected', reason: 'bad-txns-inputs-missingorspent' } as const)
          : ({ kind: 'accepted' } as const),
      );
    },
    status: () => Promise.resolve({ kind: 'unknown' } as const),
  };
  await tendBroadcast({ ...vault, chain });
  expect(offered).toEqual([parent, child]);
});

test('a replacement over a deposit that a reorganization took away keeps what it replaced from nothing', async () => {
  const store = makeQueue(1);
  const { vault } = makeVault(store);
  approve(store, seedAt(0));
  const first = signNext(store);
  send(store, first);
  const deposit = makeCoin(7);
  const height = mine(store, []) + 1;
  recordChainEvents(store, [
    { kind: 'connected', height, hash: hashAt(height, 0) },
    { kind: 'created', coin: deposit, height, coinbase: false },
  ]);
  // With a fee that takes the deposit as well.
  const { fee, vsize } = getBatch(store, first);
  const { draft, verdicts } = requestOf(getBatch(store, first));
  const rich = { ...policy, feeAbsolute: 2_000_000n, feeRate: 100_000_000, feeShareFloor: 2_000_000n };
  const planAt = (feerate: bigint): ReturnType<typeof planBump> => {
    const plan = planBump(contextOf(store, { policy: rich, feerate }), { draft, fee, vsize });
    if (plan.kind !== 'planned' || plan.draft.inputs.length > 1) return plan;
    return planAt(feerate + 100_000n);
  };
  const plan = planAt(3_000_000n);
  if (plan.kind !== 'planned') throw new Error(`no plan: ${plan.kind}`);
  expect(plan.draft.inputs).toHaveLength(2);
  const prepared = prepareDraft(plan.draft, verdicts, scripts);
  const second = recordDraft(store, { prepared, purpose: 'bump', replaces: first, burial: 6 });
  signBy(store, second, 'A', 'B');
  send(store, second);
  unmine(store);
  for (let block = 0; block < vault.tuning.bumpBlocks + 2; block += 1) mine(store, [], 1);
  const rejected = { kind: 'rejected', reason: 'mempool min fee not met' } as const;
  const chain = {
    ...vault.chain,
    status: () => Promise.resolve({ kind: 'unknown' } as const),
    broadcast: () => Promise.resolve(rejected),
  };
  await tendBroadcast({ ...vault, chain });
  const drafted = openBatches(store).filter(({ status }) => status === 'drafted');
  expect(drafted.map(({ replaces }) => replaces)).toEqual([first]);
});
