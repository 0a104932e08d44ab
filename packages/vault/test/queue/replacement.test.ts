import { describe, expect, it } from 'vitest';
import { type PlanResult, planBump, planCancel, prepareDraft } from '../../src/draft/index.ts';
import {
  askPeer,
  endBuried,
  findWithdrawal,
  getBatch,
  giveUpBatch,
  isEnding,
  listWithdrawals,
  type Purpose,
  rebuildWithdrawals,
  recordBroadcast,
  recordDraft,
  recordRefused,
  recordSigned,
  type Store,
  spendableCoins,
  takeBatch,
} from '../../src/queue/index.ts';
import { contextOf, draftNext, fill, hashAt, idOf, makeQueue, scripts } from '../fixture.ts';
import { approve, clear, draft, mine, send, sign, statusOf, unmine } from './steps.ts';

const caps = { maxIntents: 100, amountPerTransaction: 1_000_000_000n, burial: 6 };

function stateOf(store: Store, seed: number) {
  return findWithdrawal(store, idOf(seed))?.state;
}

function expectFold(store: Store): void {
  expect(rebuildWithdrawals(store)).toEqual(listWithdrawals(store, { state: null, after: null, limit: 100 }));
}

function replace(store: Store, id: number, purpose: Purpose): number {
  const before = getBatch(store, id);
  const sent = draftsOf.get(id);
  if (sent === undefined) throw new Error('unknown draft');
  const predecessor = { draft: sent, fee: before.fee, vsize: before.vsize };
  const planner = purpose === 'bump' ? planBump : planCancel;
  const plan: PlanResult = planner(contextOf(store, { changeIndex: 1 }), predecessor);
  if (plan.kind !== 'planned') throw new Error(plan.kind);
  const prepared = prepareDraft(plan.draft, [], scripts);
  expect(prepared.fee).toBeGreaterThan(before.fee);
  const added = recordDraft(store, { prepared, purpose, replaces: id, burial: 6 });
  draftsOf.set(added, plan.draft);
  return added;
}

const draftsOf = new Map<number, ReturnType<typeof draftNext>['draft']>();

function pay(store: Store): number {
  const prepared = draftNext(store);
  const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  draftsOf.set(id, prepared.draft);
  return id;
}

describe('a reorganization', () => {
  it('takes withdrawals back to broadcast, and forward again', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = draft(store);
    send(store, id);
    mine(store, [getBatch(store, id)]);
    unmine(store);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'broadcast', batch: id, height: null });
    expect(statusOf(store, id)).toBe('broadcast');
    mine(store, [], 1);
    mine(store, [getBatch(store, id)], 1);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', height: 102 });
    expectFold(store);
  });

  it('makes coins of the lost block unspendable, and change ours only when mined unless asked for', () => {
    const store = makeQueue(1);
    approve(store, 1);
    const id = draft(store);
    send(store, id);
    const choice = { unconfirmedChange: false, admittedBy: [] };
    expect(spendableCoins(store, choice)).toHaveLength(0);
    expect(spendableCoins(store, { ...choice, unconfirmedChange: true })).toHaveLength(1);
    mine(store, [getBatch(store, id)]);
    expect(spendableCoins(store, choice)).toMatchObject([{ txid: getBatch(store, id).txid, chain: 1 }]);
    unmine(store);
    expect(spendableCoins(store, choice)).toHaveLength(0);
  });
});

describe('a batch that was given up', () => {
  it('frees its coins when every signer that was asked refused', () => {
    const store = makeQueue(1);
    approve(store, 1);
    const id = pay(store);
    askPeer(store, id, 'signer', 'A', fill(1));
    recordRefused(store, id, 'signer', 'A', ['FROZEN']);
    expect(giveUpBatch(store, id, { refused: [], codes: ['FROZEN'], notBefore: 0 }).status).toBe('refused');
    expect(takeBatch(store, caps).required).toEqual([]);
  });

  it('is conflicted with by whatever pays its withdrawals next when a signer may have signed', () => {
    const store = makeQueue(6);
    approve(store, 1);
    const id = pay(store);
    askPeer(store, id, 'signer', 'A', fill(1));
    recordSigned(store, id, 'A', fill(7, 50));
    expect(giveUpBatch(store, id, { refused: [], codes: ['LOCKED'], notBefore: 0 }).status).toBe('abandoned');
    approve(store, 2);
    const take = takeBatch(store, caps);
    const { inputs } = getBatch(store, id);
    expect(take.withdrawals).toHaveLength(2);
    expect(take.required).toMatchObject([{ txid: inputs[0]?.txid }]);
    const next = pay(store);
    expect(getBatch(store, next).inputs).toContainEqual(inputs[0]);
    send(store, next);
    mine(store, [getBatch(store, next)]);
    expect(statusOf(store, id)).toBe('replaced');
    expect([stateOf(store, 1), stateOf(store, 2)]).toEqual(['confirmed', 'confirmed']);
    expectFold(store);
  });

  it('is refused as a draft when it would not conflict', () => {
    const store = makeQueue(6);
    approve(store, 1);
    const id = pay(store);
    askPeer(store, id, 'signer', 'A', fill(1));
    giveUpBatch(store, id, { refused: [], codes: [], notBefore: 0 });
    const { withdrawals } = takeBatch(store, caps);
    const [other] = spendableCoins(store, { unconfirmedChange: false, admittedBy: [] });
    if (other === undefined) throw new Error('no coin');
    const { txid, vout, amount, wallet, chain, index } = other;
    const inputs = [[txid, vout, amount, wallet, chain, index]] as const;
    const intents = withdrawals.map(({ intent, signature }) => [intent, signature] as const);
    const careless = prepareDraft({ locktime: 100, inputs, intents, change: [] }, [], scripts);
    const record = () =>
      recordDraft(store, { prepared: careless, purpose: 'payment', replaces: null, burial: 6 });
    expect(record).toThrow(`does not conflict with batch ${id}`);
    expect(stateOf(store, 1)).toBe('approved');
  });

  it('is taken up again when the next draft is the very same transaction', () => {
    const store = makeQueue(1);
    approve(store, 1);
    const prepared = draftNext(store);
    const first = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
    askPeer(store, first, 'signer', 'A', fill(1));
    giveUpBatch(store, first, { refused: [], codes: [], notBefore: 0 });
    expect(recordDraft(store, { prepared, purpose: 'regroup', replaces: null, burial: 6 })).toBe(first);
    askPeer(store, first, 'signer', 'A', fill(2));
    recordRefused(store, first, 'signer', 'A', ['FROZEN']);
    // It was exposed before, so a later refusal does not make it harmless.
    expect(giveUpBatch(store, first, { refused: [], codes: [], notBefore: 0 }).status).toBe('abandoned');
  });

  it.each(['INTERNAL', 'GATE_SIGNED'])(
    'binds what pays it next to its coins where a signer was done with it and failed then: %s',
    (code) => {
      const store = makeQueue(6);
      approve(store, 1);
      const id = pay(store);
      askPeer(store, id, 'signer', 'A', fill(1));
      recordRefused(store, id, 'signer', 'A', [code]);
      // What the same signer says later takes nothing back.
      askPeer(store, id, 'signer', 'A', fill(2));
      recordRefused(store, id, 'signer', 'A', ['FROZEN']);
      expect(giveUpBatch(store, id, { refused: [], codes: [], notBefore: 0 }).status).toBe('abandoned');
      const { inputs } = getBatch(store, id);
      expect(takeBatch(store, caps).required).toMatchObject([
        { txid: inputs[0]?.txid, vout: inputs[0]?.vout },
      ]);
      expect(() => pay(store)).not.toThrow();
    },
  );

  it('ends no withdrawal while a gate could broadcast it, and counts as paid when it is mined', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = pay(store);
    sign(store, id);
    clear(store, id);
    giveUpBatch(store, id, { refused: [{ id: idOf(1), codes: ['DUST'] }], codes: [], notBefore: 0 });
    const withdrawal = findWithdrawal(store, idOf(1));
    expect(withdrawal).toMatchObject({ state: 'approved', codes: ['DUST'], batch: null });
    expect(withdrawal && isEnding(withdrawal)).toBe(true);
    expect(takeBatch(store, caps).withdrawals).toEqual([]);
    for (let depth = 1; depth <= 8; depth += 1) mine(store, []);
    expect(endBuried(store, 6)).toEqual([]);
    mine(store, [getBatch(store, id)]);
    expect(stateOf(store, 1)).toBe('confirmed');
    expectFold(store);
  });

  it('ends it once its coins are home and that is buried', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = pay(store);
    sign(store, id);
    askPeer(store, id, 'gate', 'gate1', fill(3));
    giveUpBatch(store, id, { refused: [{ id: idOf(1), codes: ['DUST'] }], codes: [], notBefore: 0 });
    const cancel = replace(store, id, 'cancel');
    send(store, cancel);
    mine(store, [getBatch(store, cancel)]);
    for (let depth = 2; depth <= 5; depth += 1) mine(store, []);
    expect(endBuried(store, 6)).toEqual([]);
    expect(stateOf(store, 1)).toBe('approved');
    mine(store, []);
    expect(endBuried(store, 6).map(({ id: ended }) => ended)).toEqual([idOf(1)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'refused', codes: ['DUST'] });
    expectFold(store);
  });

  it('remembers that a gate had it, also when it is taken up again and signers refuse it then', () => {
    const store = makeQueue(1);
    approve(store, 1);
    const prepared = draftNext(store);
    const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
    sign(store, id);
    askPeer(store, id, 'gate', 'gate1', fill(3));
    giveUpBatch(store, id, { refused: [], codes: ['DUST'], notBefore: 0 });
    recordDraft(store, { prepared, purpose: 'regroup', replaces: null, burial: 6 });
    giveUpBatch(store, id, { refused: [{ id: idOf(1), codes: ['DUST'] }], codes: [], notBefore: 0 });
    expect(stateOf(store, 1)).toBe('approved');
  });
});

describe('a bump', () => {
  it('leaves the withdrawals where they are until it is broadcast, and takes them with it then', () => {
    const store = makeQueue();
    approve(store, 1);
    const first = pay(store);
    send(store, first);
    const second = replace(store, first, 'bump');
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'broadcast', batch: first });
    send(store, second);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'broadcast', batch: second });
    const third = replace(store, second, 'bump');
    send(store, third);
    mine(store, [getBatch(store, third)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', batch: third });
    expect([statusOf(store, first), statusOf(store, second)]).toEqual(['replaced', 'replaced']);
    expectFold(store);
  });

  it('loses to the first transaction when the miner took that one', () => {
    const store = makeQueue();
    approve(store, 1);
    const first = pay(store);
    send(store, first);
    const second = replace(store, first, 'bump');
    send(store, second);
    mine(store, [getBatch(store, first)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', batch: first });
    expect(statusOf(store, second)).toBe('replaced');
    unmine(store);
    expect(statusOf(store, second)).toBe('broadcast');
    mine(store, [getBatch(store, second)], 1);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', batch: second });
    expect(statusOf(store, first)).toBe('replaced');
    expectFold(store);
  });

  it('that the signers refuse can be tried again', () => {
    const store = makeQueue();
    approve(store, 1);
    const first = pay(store);
    send(store, first);
    const second = replace(store, first, 'bump');
    askPeer(store, second, 'signer', 'A', fill(1));
    giveUpBatch(store, second, { refused: [], codes: ['FEE_RATE'], notBefore: 0 });
    expect(stateOf(store, 1)).toBe('broadcast');
    expect(replace(store, first, 'bump')).toBe(second);
    send(store, second);
    mine(store, [getBatch(store, second)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', batch: second });
  });
});

describe('a cancel', () => {
  it('sends the withdrawals back, to be paid once it is buried or by a conflicting draft', () => {
    const store = makeQueue();
    approve(store, 1);
    const first = pay(store);
    send(store, first);
    const second = replace(store, first, 'cancel');
    send(store, second);
    mine(store, [getBatch(store, second)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({
      state: 'approved',
      batch: null,
      codes: ['CONFLICT'],
    });
    expect(takeBatch(store, caps).withdrawals).toEqual([]);
    for (let depth = 2; depth <= 6; depth += 1) mine(store, []);
    const take = takeBatch(store, caps);
    expect(take.withdrawals).toHaveLength(1);
    expect(take.dead).toEqual([getBatch(store, first).txid]);
    const again = pay(store);
    send(store, again);
    mine(store, [getBatch(store, again)]);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'confirmed', batch: again });
    expectFold(store);
  });
});

describe('a coin that somebody else spends', () => {
  it('kills the batch and whatever spent its unconfirmed change', () => {
    const store = makeQueue(1);
    approve(store, 1);
    const first = pay(store);
    send(store, first);
    approve(store, 2);
    const coins = spendableCoins(store, { unconfirmedChange: true, admittedBy: [] });
    const prepared = draftNext(store, { coins });
    const second = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
    expect(getBatch(store, second).inputs).toMatchObject([{ txid: getBatch(store, first).txid }]);
    send(store, second);
    mine(store, [{ txid: hashAt(9999), inputs: getBatch(store, first).inputs }]);
    expect([statusOf(store, first), statusOf(store, second)]).toEqual(['replaced', 'replaced']);
    expect([stateOf(store, 1), stateOf(store, 2)]).toEqual(['approved', 'approved']);
    expect(spendableCoins(store, { unconfirmedChange: true, admittedBy: [] })).toEqual([]);
    unmine(store);
    mine(store, [getBatch(store, first), getBatch(store, second)], 1);
    expect([stateOf(store, 1), stateOf(store, 2)]).toEqual(['confirmed', 'confirmed']);
    expectFold(store);
  });
});

describe('a batch in the wrong place', () => {
  it('is not moved on', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = pay(store);
    expect(() => recordBroadcast(store, id)).toThrow(`batch ${id} is drafted`);
    expect(() => askPeer(store, id, 'gate', 'gate1', fill(1))).toThrow('is drafted');
    expect(() => giveUpBatch(store, 99, { refused: [], codes: [], notBefore: 0 })).toThrow('no batch 99');
    send(store, id);
    expect(() => giveUpBatch(store, id, { refused: [], codes: [], notBefore: 0 })).toThrow('is broadcast');
  });
});
