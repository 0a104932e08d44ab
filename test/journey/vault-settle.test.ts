/** After broadcast: a stuck transaction pays more, a reorganized one is paid again by itself, a buried one is settled. */
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, SIGNERS } from '../world/charter.ts';
import { type Running, until } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  mineEmpty,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';

let world: World;
let vault: Running & { readonly url: string };

beforeAll(async () => {
  world = await buildWorld({ coins: 1 });
  await Promise.all([
    ...SIGNERS.map((name) => startSigner(world, name)),
    ...GATES.map((name) => startGate(world, name)),
  ]);
  const screen = await startScreen(world);
  vault = await startVault(world, { screens: [screen.url], flags: ['--bump-blocks', '2'] });
});
afterAll(() => world.close());

test('a transaction that two blocks pass over is replaced by one with a higher fee', async () => {
  onTestFailed(() => console.log(vault.log().slice(-8000)));
  const { id } = await submit(vault.url, makeIntent(world));
  const first = await waitForState(vault.url, id, ['broadcast']);
  mineEmpty(world, 2);
  const second = await until('the replacement is broadcast', () => {
    const entries = world.chain.node.mempool.entries().map(({ known }) => known.txid);
    return entries.find((txid) => txid !== first.txid);
  });
  expect(world.chain.node.mempool.get(first.txid ?? '')).toBeUndefined();
  mine(world);
  const paid = await waitForState(vault.url, id, ['confirmed']);
  expect(paid.txid).toBe(second);
});

test('a payment whose block leaves the chain is in flight again and confirmed anew', async () => {
  onTestFailed(() => console.log(vault.log().slice(-8000)));
  const { id } = await submit(vault.url, makeIntent(world));
  await waitForState(vault.url, id, ['broadcast']);
  mine(world);
  const { txid } = await waitForState(vault.url, id, ['confirmed']);
  const { node } = world.chain;
  node.invalidate(node.chain.tip);
  await waitForState(vault.url, id, ['broadcast']);
  mine(world, 2);
  const again = await waitForState(vault.url, id, ['confirmed']);
  expect(again.txid).toBe(txid);
});

test('two batches of two gates share one coin: the second spends the change of the first', async () => {
  onTestFailed(() => console.log(vault.log().slice(-8000)));
  const homes = ['gate-1', 'gate-2'] as const;
  const intents = homes.map((home) => makeIntent(world, { home }));
  const submitted = await Promise.all(intents.map((intent) => submit(vault.url, intent)));
  const sent = await Promise.all(submitted.map(({ id }) => waitForState(vault.url, id, ['broadcast'])));
  expect(new Set(sent.map(({ txid }) => txid)).size).toBe(2);
});

test('what is buried as deep as the charter asks is reported as settled', async () => {
  mine(world, 3);
  const settled = await until('four settled batches', () => {
    const events = vault.events().filter(({ event }) => event === 'settled');
    return events.length >= 4 ? events : undefined;
  });
  expect(settled.every(({ confirmations }) => confirmations === 3)).toBe(true);
});
