/** Approvals and registrations in the queue; withdrawals that are held again, and such as wait longer than their batch. */
import { toHex } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import {
  approvalsOf,
  findWithdrawal,
  forgetRegistered,
  holdWithdrawal,
  isRegistered,
  putApproval,
  putRegistration,
  recordRegistered,
  recordVerdict,
  registrationsFor,
  submitIntent,
} from '../../src/queue/index.ts';
import { approvalsFor } from '../../src/serve/approvals.ts';
import { idOf, makeIntent, makeQueue } from '../fixture.ts';

const approval = (
  approver: string,
  expires: number,
  touch: { flags: number; counter: number } | null = null,
) => ({
  approver,
  expires,
  signature: new Uint8Array(64).fill(expires),
  touch,
});

test('approvals are kept one for each person, the longest, and come back whole and in order', () => {
  const store = makeQueue();
  for (const seed of [1, 2]) submitIntent(store, makeIntent({ seed }));
  expect(putApproval(store, idOf(1), approval('cat', 120, { flags: 5, counter: 7 }))).toBe(true);
  expect(putApproval(store, idOf(1), approval('ann', 110))).toBe(true);
  expect(putApproval(store, idOf(1), approval('ann', 110))).toBe(false);
  expect(putApproval(store, idOf(1), approval('ann', 109))).toBe(false);
  expect(putApproval(store, idOf(1), approval('ann', 111))).toBe(true);
  expect(approvalsOf(store, idOf(1))).toEqual([
    approval('ann', 111),
    approval('cat', 120, { flags: 5, counter: 7 }),
  ]);
  const [one, two] = [1, 2].map((seed) => findWithdrawal(store, idOf(seed)));
  if (one === undefined || two === undefined) throw new Error('not there');
  expect(approvalsFor(store, [two, one])).toEqual([
    { place: 1, ...approval('ann', 111) },
    { place: 1, ...approval('cat', 120, { flags: 5, counter: 7 }) },
  ]);
  expect(() => putApproval(store, idOf(3), approval('ann', 110))).toThrow('FOREIGN KEY');
});

test('a withdrawal whose approvals run out is held again, and goes on when it is cleared again', () => {
  const store = makeQueue();
  submitIntent(store, makeIntent({ seed: 1 }));
  const clear = () =>
    recordVerdict(store, { screen: 'screen-1', issued: 100, decisions: [{ kind: 'cleared', id: idOf(1) }] });
  clear();
  holdWithdrawal(store, idOf(1), ['APPROVAL_MISSING']);
  expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'held', codes: ['APPROVAL_MISSING'] });
  clear();
  expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'approved', codes: [] });
});

test('each signer is shown each registration once, and again when it does not know it', () => {
  const store = makeQueue();
  const row = (n: number) => ({
    requester: 'desk',
    script: Uint8Array.of(n),
    registration: Uint8Array.of(1, n),
    signature: new Uint8Array(64).fill(n),
  });
  expect([1, 2, 1].map((n) => putRegistration(store, row(n)))).toEqual([true, true, false]);
  expect(isRegistered(store, 'desk', Uint8Array.of(1))).toBe(true);
  expect(isRegistered(store, 'shop', Uint8Array.of(1))).toBe(false);
  const left = (signer: string, limit = 9) =>
    registrationsFor(store, signer, limit).map(({ script }) => toHex(script));
  expect(left('A')).toEqual(['01', '02']);
  expect(left('A', 1)).toEqual(['01']);
  recordRegistered(store, 'A', row(1));
  recordRegistered(store, 'A', row(1));
  expect([left('A'), left('B')]).toEqual([['02'], ['01', '02']]);
  forgetRegistered(store, 'A', 'desk', Uint8Array.of(1));
  expect(left('A')).toEqual(['01', '02']);
});
