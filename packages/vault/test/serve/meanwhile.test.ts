/** What ends while the vault waits for somebody else is not gone on with: a batch that a block ends, a withdrawal whose life is over. */
import { expect, test } from 'vitest';
import { identity } from '../../../policy/test/world.ts';
import { expireWithdrawals, findWithdrawal, getBatch, openBatches } from '../../src/queue/index.ts';
import { Clearance } from '../../src/serve/clear.ts';
import { Former } from '../../src/serve/form.ts';
import { Signing } from '../../src/serve/sign.ts';
import { fill, idOf } from '../fixture.ts';
import { approve, draft, mine } from '../queue/steps.ts';
import { startScreen } from './clearing-screen.ts';
import { charter, makeVault, seedAt, signNext } from './vault-world.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function begin() {
  const world = makeVault();
  const errors: unknown[] = [];
  const vault = { ...world.vault, fail: (error: unknown): void => void errors.push(error) };
  approve(world.store, seedAt(0));
  /** Another transaction spends its coins. As while the node is asked for the next block: no bell rings. */
  const kill = (id: number): void => {
    mine(world.store, [{ txid: fill(8, 32), inputs: getBatch(world.store, id).inputs }]);
  };
  return { ...world, vault, errors, kill };
}

test('a batch dies while a signer is brought up to date: nobody is asked to sign it', async () => {
  const { store, signers, vault, errors, kill } = begin();
  const id = draft(store);
  for (const signer of signers)
    signer.settle = async () => {
      await pause(10);
      if (getBatch(store, id).status === 'drafted') kill(id);
    };
  await new Signing(vault, id).run();
  await pause(20);
  expect(getBatch(store, id).status).toBe('refused');
  expect([errors, signers.flatMap(({ asked }) => asked)]).toEqual([[], []]);
});

test('a batch dies while a gate is told what is dead: nobody is asked to clear it', async () => {
  const { store, gates, vault, errors, kill } = begin();
  const id = signNext(store);
  const running = new Clearance(vault, id).run();
  // The question is on its way, and waits for what comes before it.
  kill(id);
  await running;
  expect(getBatch(store, id).status).toBe('replaced');
  expect([errors, gates.flatMap(({ asked }) => asked)]).toEqual([[], []]);
});

test('the only withdrawal of a batch ends while a screen is asked about it: nothing is drafted', async () => {
  const { store, vault } = makeVault();
  const seed = seedAt(0);
  approve(store, seed);
  let questions = 0;
  const url = await startScreen(charter.first, () => {
    questions += 1;
    // As a follower does at a block.
    if (questions === 1) expireWithdrawals(store, 1_000_000);
  });
  const screens = [{ name: 'screen-1', key: identity('screen-1').publicKey, url }];
  const former = new Former({ ...vault, screens });
  for (let turn = 0; turn < 4; turn += 1) {
    await former.formAll();
    await pause(3);
  }
  expect(questions).toBe(1);
  expect(findWithdrawal(store, idOf(seed))?.state).toBe('expired');
  expect(openBatches(store)).toEqual([]);
});
