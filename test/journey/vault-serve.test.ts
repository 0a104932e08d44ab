/** The vault drives real signers, gates and a screen over pseudo-terminals, on the embedded chain. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeIntent, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
import { launcher, pause, type Running, until } from '../world/processes.ts';
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
const gates = new Map<GateName, Running>();
let vault: Running & { readonly url: string };
let deny: string;

beforeAll(async () => {
  // A signer's share of the window is two thirds, 400,000,000 sat: less than one transaction may pay.
  const windows = [{ ticks: 144, amount: 600_000_000n, count: 10_000, fee: 100_000_000n }];
  world = await buildWorld({ policy: { windows } });
  deny = join(world.directory, 'deny.txt');
  writeFileSync(deny, '');
  const [screen] = await Promise.all([
    startScreen(world, 'screen-1', ['--deny', deny, '--amount-floor', '500000000']),
    ...SIGNERS.map(async (name) => signers.set(name, await startSigner(world, name))),
    ...GATES.map(async (name) => gates.set(name, await startGate(world, name))),
  ]);
  vault = await startVault(world, { screens: [screen.url] });
});
afterAll(() => world.close());

function signersOf(batch: unknown): readonly unknown[] {
  const signed = vault.events().filter((event) => event['event'] === 'signed' && event['batch'] === batch);
  return signed.map(({ peer }) => peer).sort();
}

/** Submits one withdrawal and waits until it is in the mempool. */
async function pay(home?: GateName): Promise<unknown> {
  const { id } = await submit(vault.url, makeIntent(world, home === undefined ? {} : { home }));
  const { txid } = await waitForState(vault.url, id, ['broadcast', 'confirmed']);
  return vault.events().find((event) => event['event'] === 'drafted' && event['txid'] === txid)?.['batch'];
}

/** The next event of which this is true, not one of the past. */
function nextEvent(what: string, test: Parameters<Running['waitFor']>[1]): Promise<void> {
  const past = new Set(vault.events().map((event) => JSON.stringify(event)));
  return vault.waitFor(what, (event) => !past.has(JSON.stringify(event)) && test(event));
}

function showLogOnFailure(): void {
  onTestFailed(() => console.log(vault.log().slice(-8000)));
}

test('five withdrawals become one transaction that is confirmed', async () => {
  showLogOnFailure();
  const withdrawals = [];
  for (let i = 0; i < 5; i += 1)
    withdrawals.push(await submit(vault.url, makeIntent(world, { home: 'gate-1' })));
  const sent = await Promise.all(withdrawals.map(({ id }) => waitForState(vault.url, id, ['broadcast'])));
  mine(world);
  const paid = await Promise.all(withdrawals.map(({ id }) => waitForState(vault.url, id, ['confirmed'])));
  expect(new Set([...sent, ...paid].map(({ txid }) => txid)).size).toBe(1);
});

test('pairs of signers take turns', async () => {
  showLogOnFailure();
  const pairs = [];
  for (let i = 0; i < 3; i += 1) pairs.push(signersOf(await pay()).join());
  expect(pairs.sort()).toEqual(['A,B', 'A,C', 'B,C']);
});

test('withdrawals go on with two signers while one is locked, and with all three when it is back', async () => {
  showLogOnFailure();
  const a = signers.get('A');
  a?.signal('SIGUSR2');
  await vault.waitFor(
    'A is locked',
    ({ event, peer, is }) => event === 'peer' && peer === 'A' && is === 'locked',
  );
  for (let i = 0; i < 3; i += 1) expect(signersOf(await pay())).toEqual(['B', 'C']);
  await a?.stop();
  const back = nextEvent(
    'A is back',
    ({ event, peer, is }) => event === 'peer' && peer === 'A' && is === 'ready',
  );
  signers.set('A', await startSigner(world, 'A'));
  await back;
  const pairs = [];
  for (let i = 0; i < 3; i += 1) pairs.push(signersOf(await pay()).join());
  expect(pairs.some((pair) => pair.includes('A'))).toBe(true);
});

test('withdrawals go on when a signer dies and its line still looks alive', async () => {
  showLogOnFailure();
  await signers.get('B')?.stop('SIGKILL');
  // Of three pairs in turn, two have B in them.
  for (let i = 0; i < 2; i += 1) expect(signersOf(await pay())).toEqual(['A', 'C']);
  signers.set('B', await startSigner(world, 'B'));
});

test('another gate clears when the home gate is away for the delay', async () => {
  showLogOnFailure();
  await gates.get('gate-1')?.stop('SIGKILL');
  const batch = await pay('gate-1');
  const cleared = vault.events().filter(({ event, batch: of }) => event === 'cleared' && of === batch);
  expect(cleared.map(({ peer }) => peer)).toEqual(['gate-2']);
  gates.set('gate-1', await startGate(world, 'gate-1'));
});

test('a withdrawal over the signers’ share of the window is refused by two signers, and others are not', async () => {
  showLogOnFailure();
  const large = await submit(vault.url, makeIntent(world, { amount: 450_000_000n }));
  const small = await submit(vault.url, makeIntent(world));
  const refused = await waitForState(vault.url, large.id, ['refused']);
  expect(refused.codes).toEqual(['AMOUNT_WINDOW']);
  await waitForState(vault.url, small.id, ['broadcast']);
});

test('coins of a batch that a silent signer may have signed come back when its withdrawal has ended', async () => {
  showLogOnFailure();
  const reserved = async (): Promise<unknown> => {
    const status: unknown = await (await fetch(`${vault.url}/v1/status`)).json();
    return JSON.parse(JSON.stringify(status)).balance.reserved;
  };
  mine(world);
  await until('nothing is reserved', async () => ((await reserved()) === '0' ? true : undefined));
  const isAbandoned = (event: { readonly [field: string]: unknown }): boolean =>
    event['event'] === 'given-up' && event['status'] === 'abandoned';
  // B knows the new block and its coins by then: it falls silent only after it was asked to sign.
  await pause(1000);
  signers.get('B')?.signal('SIGSTOP');
  for (let i = 0; i < 3 && !vault.events().some(isAbandoned); i += 1) {
    const { id } = await submit(vault.url, makeIntent(world, { amount: 450_000_000n }));
    await waitForState(vault.url, id, ['refused']);
  }
  signers.get('B')?.signal('SIGCONT');
  expect(vault.events().some(isAbandoned)).toBe(true);
  expect(await reserved()).not.toBe('0');
  mine(world);
  const cancel = (): unknown => vault.events().find(({ event }) => event === 'cancelled')?.['batch'];
  await vault.waitFor(
    'the cancel is broadcast',
    ({ event, batch }) => event === 'broadcast' && batch === cancel(),
  );
  mine(world);
  await until('nothing is reserved', async () => ((await reserved()) === '0' ? true : undefined));
});

test('what the screen holds is not drafted until an operator releases it', async () => {
  showLogOnFailure();
  const intent = makeIntent(world);
  const decoded = decodeIntent(intent[0]);
  if (!decoded.ok) throw new Error('not an intent');
  writeFileSync(deny, `${toHex(decoded.value.script)}\n`);
  const { id } = await submit(vault.url, intent);
  const held = await waitForState(vault.url, id, ['held']);
  expect(held.codes).toEqual(['SCREEN_DENY']);
  const state = join(world.directory, 'screen-1.state');
  const release = ['release', id, '--state', state, '--reason', 'known by phone'];
  const released = spawnSync(launcher('screen'), release, { encoding: 'utf8' });
  expect(released.stderr).toBe('');
  await waitForState(vault.url, id, ['broadcast']);
});
