/** Later charters over real lines: one signer ahead of the others, a delay that a kill −9 does not shorten, counters that stay. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readLog } from '@coldwire/evidence';
import { apply, decodeChange } from '@coldwire/signer/core/change.ts';
import { createState } from '@coldwire/signer/core/state.ts';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, type GateName, SIGNERS, type SignerName, writeSuccessor } from '../world/charter.ts';
import { launcher, type Running, until } from '../world/processes.ts';
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

const SMALL = 200_000n;
const LARGE = 300_000n;
const LARGER = 600_000n;
const DELAY = 6;

let world: World;
let screen: Running & { readonly url: string };
let vault: Running & { readonly url: string };
const signers = new Map<SignerName, Running>();
const gates = new Map<GateName, Running>();
let paidByAll = 0n;

beforeAll(async () => {
  world = await buildWorld({ policy: { amountPerTransaction: 400_000n, loosenTicks: DELAY } });
  for (const name of SIGNERS) signers.set(name, await startSigner(world, name));
  for (const name of GATES) gates.set(name, await startGate(world, name));
  screen = await startScreen(world);
  vault = await startVault(world, { screens: [screen.url] });
});
afterAll(() => world.close());

function handIn(file: string): void {
  const run = spawnSync(launcher('vault'), ['charter', file, '--vault', vault.url, '--json'], {
    encoding: 'utf8',
  });
  expect(`${run.status} ${run.stderr}`).toBe('0 ');
}

/** Every one of them has this epoch in force, as the vault has heard. */
async function inForce(epoch: number, names: readonly string[], ms = 60_000): Promise<void> {
  await until(
    `epoch ${epoch} at ${names.join(', ')}`,
    () => {
      const heard = vault.events().filter(({ event }) => event === 'charter');
      const last = (name: string) => heard.findLast(({ peer }) => peer === name)?.['epoch'];
      return names.every((name) => last(name) === epoch) || undefined;
    },
    ms,
  );
}

async function pay(amount: bigint): Promise<unknown> {
  const { id } = await submit(vault.url, makeIntent(world, { amount }));
  const { txid } = await waitForState(vault.url, id, ['broadcast', 'confirmed'], 40_000);
  paidByAll += amount;
  const batch = vault.events().find((event) => event['event'] === 'drafted' && event['txid'] === txid)?.[
    'batch'
  ];
  const signed = vault.events().filter((event) => event['event'] === 'signed' && event['batch'] === batch);
  return signed.map(({ peer }) => peer).sort();
}

function showLogOnFailure(): void {
  onTestFailed(() => console.log(vault.log().slice(-6000)));
}

test('a charter that tightens is in force at once at the one signer that has it; withdrawals go on with the others', async () => {
  showLogOnFailure();
  await pay(LARGE);
  const behind = [signers.get('B'), signers.get('C'), ...gates.values()];
  await Promise.all(behind.map((running) => running?.stop()));
  const isAway = (name: string) =>
    vault.waitFor(
      `${name} is away`,
      ({ event, peer, is }) => event === 'peer' && peer === name && is === 'away',
      60_000,
    );
  for (const name of ['B', 'C', ...GATES]) await isAway(name);
  const { policy } = world.deployment.charter;
  const { file } = writeSuccessor(world.deployment, world.deployment.charter, {
    policy: { ...policy, amountPerTransaction: SMALL },
  });
  handIn(file);
  await inForce(1, ['A']);
  // A vault that keeps the charter back from the others, or another one that was never given it.
  await vault.stop();
  rmSync(join(world.directory, 'vault', 'charters'), { recursive: true });
  for (const name of GATES) gates.set(name, await startGate(world, name));
  for (const name of ['B', 'C'] as const) signers.set(name, await startSigner(world, name));
  vault = await startVault(world, { screens: [screen.url] });
  await inForce(1, ['A']);
  mine(world);
  for (let i = 0; i < 2; i += 1) expect(await pay(LARGE)).toEqual(['B', 'C']);
  const refused = vault.events().filter(({ event, peer }) => event === 'refused' && peer === 'A');
  expect(new Set(refused.flatMap(({ codes }) => codes))).toEqual(new Set(['AMOUNT_TX']));
  expect(await pay(SMALL)).toHaveLength(2);
}, 180_000);

test('a charter that loosens waits its own time at each signer, also over a kill −9, and then counts everywhere', async () => {
  showLogOnFailure();
  const { charter: first } = world.deployment;
  const tight = writeSuccessor(world.deployment, first, {
    policy: { ...first.policy, amountPerTransaction: SMALL },
  });
  handIn(tight.file);
  await inForce(1, [...SIGNERS, ...GATES]);
  await expect(pay(LARGE)).rejects.toThrow('AMOUNT_TX');
  const loose = writeSuccessor(world.deployment, tight.charter, {
    policy: { ...first.policy, amountPerTransaction: 1_000_000n },
  });
  handIn(loose.file);
  const waits = (name: string) =>
    vault.waitFor(
      `${name} has it`,
      (event) => event['event'] === 'charter' && event['peer'] === name && event['newest'] === 2,
    );
  for (const name of [...SIGNERS, ...GATES]) await waits(name);
  await signers.get('B')?.stop('SIGKILL');
  signers.set('B', await startSigner(world, 'B'));
  mine(world, DELAY);
  await inForce(2, [...SIGNERS, ...GATES]);
  for (const name of SIGNERS) expect(statusOf(name)).toMatchObject({ epoch: 2, pending: [] });
  mine(world);
  expect(await pay(LARGER)).toHaveLength(2);
}, 180_000);

function statusOf(name: SignerName): unknown {
  const state = join(world.directory, `signer-${name}`);
  const run = spawnSync(launcher('signer'), ['status', '--state', state, '--json'], { encoding: 'utf8' });
  return JSON.parse(run.stdout);
}

test('what was charged before still counts, and no signer enacted before its own ticks were over', async () => {
  await Promise.all([...signers.values()].map((one) => one.stop()));
  let charged = 0n;
  for (const name of SIGNERS) {
    let state = createState(world.deployment.charter, name, noblePointMath);
    let due = 0;
    for (const item of readLog(join(world.directory, `signer-${name}`))) {
      if (item.kind !== 'batch') continue;
      for (const [, , , , bytes] of item.records.filter(([, kind]) => kind === 'change')) {
        const change = decodeChange(bytes);
        state = apply(state, change);
        if (change.kind !== 'policy') continue;
        if (change.value.kind === 'installed') due = state.policy.pending.at(-1)?.due ?? 0;
        if (change.value.kind === 'enacted') expect(state.policy.ticks.credited).toBeGreaterThanOrEqual(due);
      }
    }
    expect(state.policy.charter.charter.epoch).toBe(2);
    expect(due).toBeGreaterThanOrEqual(1000 * DELAY);
    charged += state.policy.ledger.totals.at(-1)?.amount ?? 0n;
  }
  // Two signers for each withdrawal; a third may have been asked as well.
  expect(charged).toBeGreaterThanOrEqual(2n * paidByAll);
});

test('the auditor follows the charters in the logs: no finding, every verdict reached again', async () => {
  await Promise.all([vault, ...gates.values()].map((one) => one.stop()));
  const args = ['replay', world.directory, '--charter', world.deployment.charterFile, '--json'];
  const run = spawnSync(launcher('audit'), args, { encoding: 'utf8' });
  const report: unknown = JSON.parse(run.stdout);
  expect(report).toMatchObject({ findings: 0, mismatches: 0 });
});
