/** The vault drives real signers, gates and a screen over pseudo-terminals, on the embedded chain. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GATES, SIGNERS, type SignerName } from '../world/charter.ts';
import type { Running } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';

let world: World;
const signers = new Map<SignerName, Running>();
let vault: Running & { readonly url: string };

beforeAll(async () => {
  world = await buildWorld();
  for (const name of SIGNERS) signers.set(name, await startSigner(world, name));
  for (const name of GATES) await startGate(world, name);
  const screen = await startScreen(world);
  vault = await startVault(world, { screens: [screen.url] });
});
afterAll(async () => {
  console.log(vault.log());
  await world.close();
});

test('five withdrawals become one transaction that is confirmed', async () => {
  const withdrawals = [];
  for (let i = 0; i < 5; i += 1)
    withdrawals.push(await submit(vault.url, makeIntent(world, { home: 'gate-1' })));
  const sent = await Promise.all(withdrawals.map(({ id }) => waitForState(vault.url, id, ['broadcast'])));
  mine(world);
  const paid = await Promise.all(withdrawals.map(({ id }) => waitForState(vault.url, id, ['confirmed'])));
  expect(new Set([...sent, ...paid].map(({ txid }) => txid)).size).toBe(1);
});
