/** One gate that only ever says "not now" keeps no batch that another one refuses for good, and is not asked without end. */
import { expect, test, vi } from 'vitest';
import { planCancel, prepareDraft } from '../../src/draft/index.ts';
import { findWithdrawal, getBatch, giveUpBatch, isEnding, recordDraft } from '../../src/queue/index.ts';
import { draftOf } from '../../src/serve/admit.ts';
import { longestWait, pauseAfter } from '../../src/serve/clear-patience.ts';
import { Driver } from '../../src/serve/drive.ts';
import { contextOf, idOf, scripts } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { clearing, makeVault, refusing, seedAt, signBy, signNext } from './vault-world.ts';

const WAITING = { timeout: 5_000, interval: 2 };

const WINDOW = { spent: '1', amount: '5', limit: '2', what: 'count', asked: '1', destination: '00' };

/** A signed batch with one intent, whose home gate refuses it for good. */
function refusedAtHome() {
  const world = makeVault();
  const { vault, store, gates } = world;
  const seed = seedAt(0);
  approve(store, seed);
  const id = signNext(store);
  gates[0].says = () => refusing('INTENT_SIGNATURE', { intent: Buffer.from(idOf(seed)).toString('hex') });
  const driver = new Driver(vault);
  const mineBlocks = (count: number): void => {
    for (let block = 0; block < count; block += 1) mine(store, []);
    vault.bells.peers.ring();
  };
  /** Until the vault has looked at what both say, and asked once more. */
  const askedAgain = async (): Promise<void> => {
    const before = gates[1].count('CLEAR');
    await vi.waitFor(() => expect(gates[1].count('CLEAR')).toBeGreaterThan(before), WAITING);
  };
  const statusOf = (batch: number) => getBatch(store, batch).status;
  const isNow = (status: string, batch = id): Promise<void> =>
    vi.waitFor(() => expect(statusOf(batch)).toBe(status), WAITING);
  return { ...world, seed, id, driver, mineBlocks, askedAgain, statusOf, isNow, wait: longestWait(vault) };
}

test.each(['INTERNAL', 'FROZEN', 'GATE_HOME', 'AMOUNT_WINDOW'])(
  'a gate that says %s for ever gives a batch that the other one refuses back after a bounded number of blocks',
  async (code) => {
    const { store, gates, seed, id, driver, mineBlocks, askedAgain, statusOf, isNow, wait } = refusedAtHome();
    gates[1].says = () => refusing(code, WINDOW);
    driver.start();
    await askedAgain();
    await askedAgain();
    mineBlocks(wait - 1);
    await askedAgain();
    expect(statusOf(id)).toBe('signed');
    mineBlocks(1);
    await isNow('abandoned');
    const withdrawal = findWithdrawal(store, idOf(seed));
    // What only waits is no word that ends anything: all gates would have to say so.
    expect(withdrawal).toMatchObject({ state: 'approved', codes: ['INTENT_SIGNATURE'] });
    expect(withdrawal !== undefined && isEnding(withdrawal)).toBe(false);
  },
);

test('what waited longer than that loses nothing: the next draft shares a coin with it, and goes through', async () => {
  const { store, gates, seed, id, driver, mineBlocks, askedAgain, isNow, wait } = refusedAtHome();
  gates[1].says = () => refusing('FROZEN');
  driver.start();
  await askedAgain();
  await askedAgain();
  mineBlocks(wait);
  await isNow('abandoned');
  const { notBefore = 0 } = findWithdrawal(store, idOf(seed)) ?? {};
  expect(() => signNext(store)).toThrow();
  mineBlocks(notBefore - (100 + wait));
  const next = signNext(store);
  const { inputs } = getBatch(store, id);
  // At most one of the two is ever mined.
  expect(getBatch(store, next).inputs).toEqual(expect.arrayContaining([inputs[0]]));
  gates[1].says = () => clearing(store, next);
  await driver.settled();
  driver.start();
  await isNow('broadcast', next);
});

test('a gate that waited for its delay clears, a block before that', async () => {
  const { store, gates, id, driver, mineBlocks, askedAgain, isNow, wait } = refusedAtHome();
  gates[1].says = () => refusing('GATE_HOME');
  driver.start();
  await askedAgain();
  mineBlocks(wait - 1);
  gates[1].says = () => clearing(store, id);
  await isNow('broadcast');
});

test('what all gates only wait with is not given up', async () => {
  const { gates, id, driver, mineBlocks, askedAgain, statusOf, wait } = refusedAtHome();
  for (const gate of gates) gate.says = () => refusing('AMOUNT_WINDOW', WINDOW);
  driver.start();
  await askedAgain();
  mineBlocks(2 * wait);
  await askedAgain();
  await askedAgain();
  expect(statusOf(id)).toBe('signed');
});

test('nor does a full window of a destination tie what has none', async () => {
  const { vault, store, gates, id, driver, mineBlocks, askedAgain, isNow, wait } = refusedAtHome();
  giveUpBatch(store, id, { refused: [], codes: ['DUST'], notBefore: 0 });
  const before = getBatch(store, id);
  const context = contextOf(store, { changeIndex: 1 });
  const plan = planCancel(context, { draft: draftOf(before), fee: before.fee, vsize: before.vsize });
  if (plan.kind !== 'planned') throw new Error(plan.kind);
  const prepared = prepareDraft(plan.draft, [], scripts);
  const cancel = recordDraft(store, { prepared, purpose: 'cancel', replaces: id, burial: 6 });
  signBy(store, cancel, 'A', 'B');
  gates[0].says = () => refusing('DUST', { output: '0' });
  gates[1].says = () => refusing('DESTINATION_WINDOW', WINDOW);
  driver.start();
  await askedAgain();
  await askedAgain();
  mineBlocks(wait);
  await isNow('abandoned', cancel);
  expect(vault.stopping.aborted).toBe(false);
});

test('a gate is left alone twice as long after each refusal, at last for as long as a block should take', async () => {
  const { vault, gates, driver } = refusedAtHome();
  gates[1].says = () => refusing('GATE_HOME');
  driver.start();
  await vi.waitFor(() => expect(gates[1].count('CLEAR')).toBeGreaterThan(5), WAITING);
  const times = gates[1].asked.filter(({ type }) => type === 'CLEAR').map(({ at }) => at);
  const pauses = times.slice(1).map((at, place) => at - (times[place] ?? 0));
  for (const [place, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(5 * 2 ** place);
  const refusals = [{ code: 'GATE_HOME', facts: new Map<string, string>() }];
  const block = vault.charter.charter.clock.spacing * 1_000;
  expect(pauseAfter(vault, { times: 1, refusals })).toBe(5);
  expect(pauseAfter(vault, { times: 100_000, refusals })).toBe(block);
  const slow = { ...vault, tuning: { ...vault.tuning, gateRetryMs: 2 * block } };
  expect(pauseAfter(slow, { times: 9, refusals })).toBe(2 * block);
});
