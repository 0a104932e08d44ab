import { decode, equalBytes, SignRequest } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import {
  askPeer,
  balanceOf,
  expireWithdrawals,
  findWithdrawal,
  getBatch,
  giveUpBatch,
  historyOf,
  listWithdrawals,
  nextToScreen,
  openBatches,
  rebuildWithdrawals,
  recordBroadcast,
  recordChainEvents,
  recordDraft,
  recordRefused,
  recordSigned,
  recordVerdict,
  refuseWithdrawal,
  type Store,
  spendableCoins,
  submitIntent,
  summarize,
  takeBatch,
} from '../../src/queue/index.ts';
import { draftNext, fill, hashAt, idOf, makeCoin, makeIntent, makeQueue } from '../fixture.ts';
import { approve, clear, draft, mine, send, sign, statusOf, unmine } from './steps.ts';

function all(store: Store) {
  return listWithdrawals(store, { state: null, after: null, limit: 1000 });
}

function kinds(store: Store, seed: number): readonly string[] {
  return historyOf(store, idOf(seed)).map(({ event }) => event.kind);
}

const free = { unconfirmedChange: false, admittedBy: [] };

describe('an intent that is submitted', () => {
  it('is taken once, and again with the same bytes gives the same row', () => {
    const store = makeQueue();
    const first = submitIntent(store, makeIntent({ seed: 1 }));
    const again = submitIntent(store, makeIntent({ seed: 1 }));
    expect(first.kind).toBe('created');
    expect(again.kind).toBe('known');
    if (first.kind === 'created' && again.kind === 'known')
      expect(again.withdrawal).toEqual(first.withdrawal);
    expect(all(store)).toHaveLength(1);
    expect(kinds(store, 1)).toEqual(['received']);
  });

  it('is refused as INTENT_REUSED when its id came with other bytes', () => {
    const store = makeQueue();
    submitIntent(store, makeIntent({ seed: 1 }));
    const other = submitIntent(store, makeIntent({ seed: 1, amount: 50_001n }));
    expect(other).toEqual({ kind: 'reused', code: 'INTENT_REUSED' });
    expect(findWithdrawal(store, idOf(1))?.amount).toBe(50_000n);
  });
});

describe('screening', () => {
  it('moves cleared intents to approved and keeps held ones with their codes until they are cleared', () => {
    const store = makeQueue();
    for (const seed of [1, 2, 3]) submitIntent(store, makeIntent({ seed }));
    expect(nextToScreen(store, 2).map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    const held = { kind: 'held', id: idOf(2), codes: ['SCREEN_AMOUNT'] } as const;
    const decisions = [{ kind: 'cleared', id: idOf(1) } as const, held];
    recordVerdict(store, { screen: 'screen1', issued: 100, decisions });
    recordVerdict(store, { screen: 'screen1', issued: 101, decisions });
    expect(findWithdrawal(store, idOf(1))?.state).toBe('approved');
    expect(findWithdrawal(store, idOf(2))).toMatchObject({ state: 'held', codes: ['SCREEN_AMOUNT'] });
    expect(kinds(store, 1)).toEqual(['received', 'screened', 'approved']);
    expect(kinds(store, 2)).toEqual(['received', 'held']);
    expect(nextToScreen(store, 9).map(({ id }) => id)).toEqual([idOf(3)]);
    const released = [{ kind: 'cleared', id: idOf(2) } as const];
    recordVerdict(store, { screen: 'screen1', issued: 102, decisions: released });
    expect(findWithdrawal(store, idOf(2))).toMatchObject({ state: 'approved', codes: [] });
  });
});

describe('a batch', () => {
  it('takes its withdrawals through every state, each one an event', () => {
    const store = makeQueue();
    approve(store, 1, 2);
    const id = draft(store);
    send(store, id);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'broadcast', batch: id });
    mine(store, [getBatch(store, id)]);
    expect(findWithdrawal(store, idOf(2))).toMatchObject({ state: 'confirmed', batch: id, height: 101 });
    const steps = ['drafted', 'signing', 'signed', 'cleared', 'broadcast', 'confirmed'];
    expect(kinds(store, 1)).toEqual(['received', 'screened', 'approved', ...steps]);
    expect(rebuildWithdrawals(store)).toEqual(all(store));
    expect(openBatches(store)).toEqual([]);
  });

  it('keeps the request as canonical bytes that decode to the draft', () => {
    const store = makeQueue();
    approve(store, 1);
    const prepared = draftNext(store);
    const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
    const { request, txid, fee } = getBatch(store, id);
    const decoded = decode(SignRequest, request);
    expect(decoded.ok && decoded.value.draft).toEqual(prepared.draft);
    expect(txid).toEqual(prepared.txid);
    expect(fee).toBe(prepared.fee);
  });

  it('reserves its inputs from the moment it is drafted', () => {
    const store = makeQueue(2);
    approve(store, 1);
    const { inputs } = getBatch(store, draft(store));
    const left = spendableCoins(store, free);
    expect(left).toHaveLength(2 - inputs.length);
    expect(balanceOf(store).reserved).toBe(1_000_000n * BigInt(inputs.length));
    approve(store, 2);
    const second = getBatch(store, draft(store));
    expect(second.inputs.some((input) => inputs.some((other) => equalBytes(input.txid, other.txid)))).toBe(
      false,
    );
  });

  it('refuses a draft over coins that another batch holds', () => {
    const store = makeQueue(2);
    approve(store, 1);
    const early = draftNext(store);
    approve(store, 2);
    const both = draftNext(store);
    recordDraft(store, { prepared: early, purpose: 'payment', replaces: null, burial: 6 });
    const again = () => recordDraft(store, { prepared: both, purpose: 'payment', replaces: null, burial: 6 });
    expect(again).toThrow('is drafted, not approved');
    expect(findWithdrawal(store, idOf(2))?.state).toBe('approved');
  });

  it('is asked under one request id until an answer comes, and under a fresh one after a refusal', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = draft(store);
    expect(askPeer(store, id, 'signer', 'A', fill(1))).toEqual(fill(1));
    expect(askPeer(store, id, 'signer', 'A', fill(2))).toEqual(fill(1));
    recordRefused(store, id, 'signer', 'A', ['LOCKED']);
    expect(askPeer(store, id, 'signer', 'A', fill(3))).toEqual(fill(3));
    expect(getBatch(store, id).peers).toMatchObject([
      { name: 'A', answer: null, requestId: fill(3), codes: [] },
    ]);
  });

  it('keeps SIGNED messages byte for byte and takes the same one twice, but no other', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = draft(store);
    expect(() => recordSigned(store, id, 'A', fill(7, 300))).toThrow('was not asked');
    askPeer(store, id, 'signer', 'A', fill(1));
    recordSigned(store, id, 'A', fill(7, 300));
    recordSigned(store, id, 'A', fill(7, 300));
    expect(() => recordSigned(store, id, 'A', fill(8, 300))).toThrow('answered otherwise');
    expect(statusOf(store, id)).toBe('signing');
    askPeer(store, id, 'signer', 'C', fill(2));
    expect(recordSigned(store, id, 'C', fill(9, 300)).status).toBe('signed');
    expect(getBatch(store, id).peers.map(({ message }) => message)).toEqual([fill(7, 300), fill(9, 300)]);
  });

  it('is broadcast once, however often it is said', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = draft(store);
    send(store, id);
    recordBroadcast(store, id);
    expect(kinds(store, 1).filter((kind) => kind === 'broadcast')).toHaveLength(1);
  });

  it('counts as broadcast when the node shows it, although nobody lived to write that down', () => {
    const store = makeQueue();
    approve(store, 1);
    const id = draft(store);
    sign(store, id);
    clear(store, id);
    const { txid, inputs } = getBatch(store, id);
    const [outpoint] = inputs;
    if (outpoint === undefined) throw new Error('no input');
    recordChainEvents(store, [{ kind: 'spent', outpoint, by: txid, height: null }]);
    expect(statusOf(store, id)).toBe('broadcast');
  });
});

describe('the next batch', () => {
  const caps = { maxIntents: 3, amountPerTransaction: 120_000n, burial: 6 };

  it('takes the oldest first, up to the number and the amount that one transaction may pay', () => {
    const store = makeQueue();
    approve(store, 1, 2, 3);
    expect(takeBatch(store, caps).withdrawals.map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    const more = { ...caps, amountPerTransaction: 10n ** 9n };
    expect(takeBatch(store, more).withdrawals).toHaveLength(3);
    expect(takeBatch(store, { ...more, maxIntents: 1 }).withdrawals.map(({ id }) => id)).toEqual([idOf(1)]);
  });

  it('is not kept from the ready ones by any number that must wait', () => {
    const store = makeQueue();
    store.db.execute('PRAGMA synchronous = OFF');
    const seeds = Array.from({ length: 1203 }, (_, i) => i);
    approve(store, ...seeds);
    store.db.run('UPDATE withdrawals SET amount = 200000 WHERE id != ?', idOf(1202));
    expect(takeBatch(store, caps).withdrawals.map(({ id }) => id)).toEqual([idOf(1202)]);
  });
});

describe('a withdrawal that ends without payment', () => {
  it('expires only while no transaction can carry it', () => {
    const store = makeQueue();
    approve(store, 1, 2);
    submitIntent(store, makeIntent({ seed: 3, expires: 300 }));
    const id = draft(store);
    askPeer(store, id, 'signer', 'A', fill(1));
    giveUpBatch(store, id, { refused: [], codes: ['LOCKED'], notBefore: 0 });
    submitIntent(store, makeIntent({ seed: 4 }));
    expect(expireWithdrawals(store, 200)).toBe(0);
    expect(expireWithdrawals(store, 201)).toBe(1);
    expect(all(store).map(({ state }) => state)).toEqual(['approved', 'approved', 'received', 'expired']);
  });

  it('is refused by itself while the rest of its batch goes on', () => {
    const store = makeQueue();
    approve(store, 1, 2);
    const id = draft(store);
    for (const [signer, byte] of [
      ['A', 1],
      ['B', 2],
      ['C', 3],
    ] as const) {
      askPeer(store, id, 'signer', signer, fill(byte));
      recordRefused(store, id, 'signer', signer, ['INTENT_LIFE']);
    }
    const refused = [{ id: idOf(1), codes: ['INTENT_LIFE'] }];
    const given = giveUpBatch(store, id, { refused, codes: ['INTENT_LIFE'], notBefore: 105 });
    expect(given.status).toBe('refused');
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'refused', codes: ['INTENT_LIFE'] });
    expect(findWithdrawal(store, idOf(2))).toMatchObject({ state: 'approved', batch: null, notBefore: 105 });
    expect(spendableCoins(store, free)).toHaveLength(4);
    expect(() => draftNext(store)).toThrow('without payees');
  });

  it('can be refused by an operator before it is drafted', () => {
    const store = makeQueue();
    approve(store, 1);
    refuseWithdrawal(store, idOf(1), ['SCREEN_DENY']);
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'refused', codes: ['SCREEN_DENY'] });
    expect(() => refuseWithdrawal(store, idOf(1), [])).toThrow('cannot be refused');
  });
});

describe('the summary', () => {
  it('counts withdrawals and coins, in satoshi', () => {
    const store = makeQueue(3);
    approve(store, 1, 2);
    submitIntent(store, makeIntent({ seed: 3, amount: 7000n }));
    const summary = summarize(store);
    expect(summary.tip).toBe(100);
    expect(summary.states.approved).toEqual({ count: 2, amount: 100_000n });
    expect(summary.states.received).toEqual({ count: 1, amount: 7000n });
    expect(summary.balance).toEqual({ confirmed: 3_000_000n, reserved: 0n, unconfirmed: 0n, coins: 3 });
  });

  it('pages through the list in the order of arrival', () => {
    const store = makeQueue();
    for (const seed of [5, 3, 9]) submitIntent(store, makeIntent({ seed }));
    const first = listWithdrawals(store, { state: null, after: null, limit: 2 });
    expect(first.map(({ id }) => id)).toEqual([idOf(5), idOf(3)]);
    expect(listWithdrawals(store, { state: null, after: idOf(3), limit: 2 }).map(({ id }) => id)).toEqual([
      idOf(9),
    ]);
  });
});

describe('a coinbase coin', () => {
  it('is left alone until a hundred blocks are on top', () => {
    const store = makeQueue(0);
    recordChainEvents(store, [{ kind: 'created', coin: makeCoin(1), height: 100, coinbase: true }]);
    for (let height = 101; height < 200; height += 1) mine(store, []);
    expect(spendableCoins(store, free)).toHaveLength(0);
    mine(store, []);
    expect(spendableCoins(store, free)).toHaveLength(1);
    unmine(store);
    expect(spendableCoins(store, free)).toHaveLength(0);
    expect(() => recordChainEvents(store, [{ kind: 'connected', height: 205, hash: hashAt(205) }])).toThrow(
      'follow',
    );
  });
});
