/** Which of the reasons that peers give a withdrawal shows, and what follows from them: a peer may give 256 of any text. */
import { encode, Refused } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import {
  askPeer,
  findWithdrawal,
  getBatch,
  recordDraft,
  recordRefused,
  takeBatch,
  tipHeight,
} from '../../src/queue/index.ts';
import { Clearance } from '../../src/serve/clear.ts';
import { giveUp } from '../../src/serve/give-up.ts';
import { Signing } from '../../src/serve/sign.ts';
import { draftNext, fill, idOf } from '../fixture.ts';
import { approve, draft, mine } from '../queue/steps.ts';
import { type Answer, makeVault, refusing, seedAt, signBy, signNext } from './vault-world.ts';

function manyAfter(first: string): Answer {
  const codes = [first, ...Array.from({ length: 255 }, (_, place) => `REASON_${place}`)];
  const refusals = codes.map((code) => ({ code, facts: [] }));
  return { type: 'REFUSED', body: encode(Refused, { refusals }) };
}

test('a gate with more reasons than a withdrawal can show ends no program', async () => {
  const { vault, store, gates } = makeVault();
  approve(store, seedAt(0));
  const id = signNext(store);
  gates[0].says = () => manyAfter('GATE_CONFLICT');
  gates[1].says = () => refusing('GATE_HOME');
  await new Clearance(vault, id).run();
  expect(getBatch(store, id).status).toBe('abandoned');
  const codes = findWithdrawal(store, idOf(seedAt(0)))?.codes ?? [];
  expect(codes).toHaveLength(64);
  expect(codes[0]).toBe('GATE_CONFLICT');
});

test('nor does a signer, beside one whose window is full', async () => {
  const { vault, store, signers } = makeVault();
  approve(store, seedAt(0));
  const id = draft(store);
  for (const signer of signers)
    signer.says = () => refusing('AMOUNT_WINDOW', { spent: '1', amount: '1', limit: '2' });
  const hostile = signers[id % 3];
  if (hostile === undefined) throw new Error('there are three signers');
  hostile.says = () => manyAfter('DUST');
  await new Signing(vault, id).run();
  expect(findWithdrawal(store, idOf(seedAt(0)))).toMatchObject({ state: 'approved' });
  expect(['refused', 'abandoned']).toContain(getBatch(store, id).status);
});

test('what a third signer says of a batch that two signed does not make a full window one with a fault', () => {
  const { vault, store } = makeVault();
  const seed = seedAt(0);
  approve(store, seed);
  const caps = { maxIntents: 9, amountPerTransaction: 1_000_000_000n, burial: 6 };
  const facts = new Map([
    ['requester', 'desk'],
    ...['limit', 'spent', 'asked'].map((name) => [name, '1'] as const),
  ]);
  const waits: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const feerate = 5_000n + 100n * BigInt(round);
    const prepared = draftNext(store, { tipHeight: tipHeight(store), feerate });
    const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
    askPeer(store, id, 'signer', 'C', fill(50 + round, 16));
    recordRefused(store, id, 'signer', 'C', ['TX_FIELDS']);
    signBy(store, id, 'A', 'B');
    askPeer(store, id, 'gate', 'gate-1', fill(150 + round, 16));
    recordRefused(store, id, 'gate', 'gate-1', ['REQUESTER_WINDOW']);
    const refusals = new Map([['gate-1', [{ code: 'REQUESTER_WINDOW', facts }]]]);
    giveUp(vault, getBatch(store, id), { by: 'gate', refusals });
    const from = tipHeight(store);
    while (takeBatch(store, caps).withdrawals.length === 0) mine(store, []);
    waits.push(tipHeight(store) - from);
  }
  expect(Math.max(...waits)).toBe(6);
});
