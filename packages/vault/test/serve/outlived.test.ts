/** A payment may outlive what replaced it: the replacement spends one more coin, and that one is gone. */
import { equalBytes } from '@coldwire/protocol';
import { type Coin, equalOutpoints } from '@coldwire/wallet';
import { expect, test } from 'vitest';
import { planBump, planRegroup, prepareDraft } from '../../src/draft/index.ts';
import {
  findBatchByTxid,
  findWithdrawal,
  getBatch,
  giveUpBatch,
  openBatches,
  recordChainEvents,
  recordDraft,
  type Store,
  spendableCoins,
  takeBatch,
  tipHeight,
  type Withdrawal,
} from '../../src/queue/index.ts';
import { requestOf } from '../../src/serve/admit.ts';
import { tendBroadcast } from '../../src/serve/settle.ts';
import {
  contextOf,
  draftNext,
  fill,
  hashAt,
  idOf,
  makeCoin,
  makeQueue,
  policy,
  scripts,
} from '../fixture.ts';
import { approve, mine, unmine } from '../queue/steps.ts';
import { clearBy, makeVault, seedAt, send, signBy, signNext, type VaultWorld } from './vault-world.ts';

/** What a replacement here may cost. */
const rich = { ...policy, feeAbsolute: 2_000_000n, feeRate: 100_000_000, feeShareFloor: 2_000_000n };

function payAt(store: Store, seed: number): number {
  approve(store, seed);
  const id = signNext(store);
  send(store, id);
  return id;
}

/** Replaces it, and has the replacement broadcast. @param inputs how many it shall have */
function replace(store: Store, id: number, inputs: number): number {
  const { fee, vsize } = getBatch(store, id);
  const { draft, verdicts } = requestOf(getBatch(store, id));
  for (let feerate = 6_000n; ; feerate += 100_000n) {
    const coins = inputs === 1 ? { coins: [] } : {};
    const context = contextOf(store, { policy: rich, feerate, tipHeight: tipHeight(store), ...coins });
    const plan = planBump(context, { draft, fee, vsize });
    if (plan.kind !== 'planned') throw new Error(`no plan: ${plan.kind}`);
    if (plan.draft.inputs.length !== inputs) continue;
    const prepared = prepareDraft(plan.draft, verdicts, scripts);
    const next = recordDraft(store, { prepared, purpose: 'bump', replaces: id, burial: 6 });
    signBy(store, next, 'A', 'B');
    send(store, next);
    return next;
  }
}

function deposit(store: Store): ReturnType<typeof makeCoin> {
  const coin = makeCoin(7);
  const height = mine(store, []) + 1;
  recordChainEvents(store, [
    { kind: 'connected', height, hash: hashAt(height, 0) },
    { kind: 'created', coin, height, coinbase: false },
  ]);
  return coin;
}

/** A node that has lost everything, and takes all but these. */
function tendWithout({ vault, store }: VaultWorld, invalid: readonly number[]) {
  const offered: number[] = [];
  const has = new Set<number>();
  const chain: typeof vault.chain = {
    ...vault.chain,
    status: (txid) =>
      Promise.resolve({ kind: has.has(findBatchByTxid(store, txid)?.id ?? 0) ? 'waiting' : 'unknown' }),
    broadcast: ([id = 0]) => {
      offered.push(id);
      const reason = 'bad-txns-inputs-missingorspent';
      if (invalid.includes(id)) return Promise.resolve({ kind: 'missing-inputs', reason });
      has.add(id);
      return Promise.resolve({ kind: 'accepted' });
    },
  };
  return { offered, tend: () => tendBroadcast({ ...vault, chain }) };
}

test('a mined replacement and the deposit that it spends are reorganized away: what it replaced is offered again', async () => {
  const world = makeVault(makeQueue(1));
  const { store } = world;
  const seed = seedAt(0);
  const first = payAt(store, seed);
  deposit(store);
  const second = replace(store, first, 2);
  mine(store, [getBatch(store, second)]);
  expect(getBatch(store, first).status).toBe('replaced');
  unmine(store);
  unmine(store);
  mine(store, [], 1);
  const { offered, tend } = tendWithout(world, [second]);
  await tend();
  expect(offered).toContain(first);
  mine(store, [getBatch(store, first)], 1);
  expect(findWithdrawal(store, idOf(seed))?.state).toBe('confirmed');
});

test('a payment that was dead and buried, and whose intent was paid anew, is not offered again however long the branch is', async () => {
  const world = makeVault(makeQueue(3));
  const { store } = world;
  const seed = seedAt(0);
  const first = payAt(store, seed);
  mine(store, [{ txid: fill(201, 32), inputs: getBatch(store, first).inputs }]);
  for (let block = 0; block < 6; block += 1) mine(store, []);
  const anew = signNext(store);
  send(store, anew);
  const shared = getBatch(store, anew).inputs.some((input) =>
    getBatch(store, first).inputs.some((one) => equalOutpoints(one, input)),
  );
  expect(shared).toBe(false);
  for (let block = 0; block < 7; block += 1) unmine(store);
  const { offered, tend } = tendWithout(world, []);
  await tend();
  expect(getBatch(store, first).status).toBe('abandoned');
  expect(offered).toEqual([anew]);
});

test('somebody else spends the coin that only the replacement spends: the payment goes on from what was replaced', async () => {
  const { vault, store } = makeVault(makeQueue(1));
  const seed = seedAt(0);
  const first = payAt(store, seed);
  const coin = deposit(store);
  const second = replace(store, first, 2);
  mine(store, [{ txid: fill(201, 32), inputs: [coin] }]);
  expect([first, second].map((id) => getBatch(store, id).status)).toEqual(['broadcast', 'replaced']);
  expect(findWithdrawal(store, idOf(seed))).toMatchObject({ state: 'broadcast', batch: first });
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) {
    mine(store, []);
    await tendBroadcast(vault);
  }
  expect(openBatches(store).map(({ replaces }) => replaces)).toContain(first);
});

test('a reorganization mines an older version of what a replacement spends the change of: the payment goes on', async () => {
  const { vault, store } = makeVault(makeQueue(2));
  const [one, other] = [seedAt(0), seedAt(0, seedAt(0) + 1)];
  const older = payAt(store, one);
  const newer = replace(store, older, 1);
  const first = payAt(store, other);
  mine(store, [getBatch(store, newer)]);
  const second = replace(store, first, 2);
  const parents = getBatch(store, second).inputs.map(({ txid }) => findBatchByTxid(store, txid)?.id);
  expect(parents).toContain(newer);
  unmine(store);
  mine(store, [getBatch(store, older)], 1);
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) {
    mine(store, [], 1);
    await tendBroadcast(vault);
  }
  expect(openBatches(store).map(({ replaces }) => replaces)).toContain(first);
});

/** Pays what is approved, or what is accepted of it, and spends these coins. */
function payOver(
  store: Store,
  coins: readonly Coin[],
  accepts: (withdrawal: Withdrawal) => boolean = () => true,
): number {
  const caps = { maxIntents: 9, amountPerTransaction: 1_000_000_000n, burial: 6, accepts };
  const { withdrawals, required } = takeBatch(store, caps);
  const isNew = (coin: Coin): boolean => required.every((one) => !equalOutpoints(one, coin));
  const height = tipHeight(store);
  const context = contextOf(store, { coins: [], tipHeight: height, changeIndex: height % 20 });
  const plan = planRegroup(context, withdrawals, [...required, ...coins.filter(isNew)]);
  if (plan.kind !== 'planned') throw new Error(`no plan: ${plan.kind}`);
  const purpose = required.length > 0 ? 'regroup' : 'payment';
  return recordDraft(store, {
    ...{ prepared: prepareDraft(plan.draft, [], scripts), purpose, replaces: null, burial: 6 },
  });
}

test('a child whose parent does not come back with it is not gone on from', async () => {
  const { vault, store } = makeVault(makeQueue(4));
  const [a, c, p] = [seedAt(0), seedAt(0, seedAt(0) + 1), seedAt(0, seedAt(0) + 50)];
  const sendSigned = (id: number): number => {
    signBy(store, id, 'A', 'B');
    send(store, id);
    return id;
  };
  approve(store, a);
  const given = payOver(store, [makeCoin(0)]);
  signBy(store, given, 'A', 'B');
  giveUpBatch(store, given, { refused: [], codes: [], notBefore: 0 });
  approve(store, c);
  const parent = sendSigned(payOver(store, [makeCoin(2)]));
  approve(store, p);
  const change = spendableCoins(store, { unconfirmedChange: true, admittedBy: [] }).filter(({ txid }) =>
    equalBytes(txid, getBatch(store, parent).txid),
  );
  expect(change).toHaveLength(1);
  const child = sendSigned(payOver(store, [...change, makeCoin(1)]));
  // A gate had kept what was given up.
  const extra = deposit(store);
  mine(store, [getBatch(store, given)]);
  expect([parent, child].map((id) => getBatch(store, id).status)).toEqual(['replaced', 'replaced']);
  const isOfChild = ({ id }: Withdrawal): boolean => equalBytes(id, idOf(p));
  sendSigned(payOver(store, [extra], isOfChild));
  unmine(store);
  unmine(store);
  expect([parent, child].map((id) => getBatch(store, id).status)).toEqual(['abandoned', 'abandoned']);
  for (let block = 0; block < vault.tuning.bumpBlocks + 3; block += 1) mine(store, [], 1);
  await tendBroadcast(vault);
});

test('the change of a payment that was replaced is not taken for a coin', () => {
  const store = makeQueue(1);
  const first = payAt(store, 1);
  const second = replace(store, first, 1);
  approve(store, 2);
  const coins = spendableCoins(store, { unconfirmedChange: true, admittedBy: [] });
  const next = draftNext(store, { coins });
  expect(next.draft.inputs.map(([txid]) => findBatchByTxid(store, txid)?.id)).toEqual([second]);
});

test('what is cleared and spends the change of what the node has lost is offered after that', async () => {
  const world = makeVault(makeQueue(1));
  const { vault, store } = world;
  const parent = payAt(store, seedAt(0));
  approve(store, seedAt(0, seedAt(0) + 1));
  const coins = spendableCoins(store, { unconfirmedChange: true, admittedBy: [] });
  const prepared = draftNext(store, { coins });
  const child = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  signBy(store, child, 'A', 'B');
  expect(getBatch(store, child).inputs.map(({ txid }) => findBatchByTxid(store, txid)?.id)).toEqual([parent]);
  clearBy(store, child);
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  const offered: number[] = [];
  const chain: typeof vault.chain = {
    ...vault.chain,
    status: (wanted) =>
      Promise.resolve({
        kind: offered.includes(findBatchByTxid(store, wanted)?.id ?? 0) ? 'waiting' : 'unknown',
      }),
    broadcast: ([id = 0]) => {
      if (id === child && !offered.includes(parent))
        return Promise.resolve({ kind: 'missing-inputs', reason: 'bad-txns-inputs-missingorspent' });
      offered.push(id);
      return Promise.resolve({ kind: 'accepted' });
    },
  };
  await tendBroadcast({ ...vault, chain });
  expect(getBatch(store, child).status).toBe('broadcast');
  expect(offered).toEqual([parent, child]);
});

test('what is replaced while the node is asked is not replaced from there once more', async () => {
  const { vault, store } = makeVault(makeQueue(1));
  const first = payAt(store, seedAt(0));
  for (let block = 0; block < vault.tuning.bumpBlocks; block += 1) mine(store, []);
  let second = 0;
  const chain: typeof vault.chain = {
    ...vault.chain,
    status: () => {
      if (second === 0) second = replace(store, first, 1);
      return Promise.resolve({ kind: 'waiting' });
    },
  };
  await tendBroadcast({ ...vault, chain });
  expect(second).toBeGreaterThan(first);
  expect(openBatches(store).map(({ id, status }) => [id, status])).toEqual([
    [first, 'broadcast'],
    [second, 'broadcast'],
  ]);
});
