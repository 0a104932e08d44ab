/** An older copy of a signer's state is put back: gates tell it so, the other two pay on, a quorum takes it back. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode, fromHex, hashOrder, Order, type OrderKind, SignedOrder } from '@coldwire/protocol';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
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

let world: World;
const signers = new Map<SignerName, Running>();
const gates = new Map<GateName, Running>();
let vault: Running & { readonly url: string };

beforeAll(async () => {
  // A tick takes half a second here: windows free within a few.
  const windows = [{ ticks: 3, amount: 100_000_000_000n, count: 100_000, fee: 1_000_000_000n }];
  world = await buildWorld({ policy: { windows } });
  const [screen] = await Promise.all([
    startScreen(world),
    ...SIGNERS.map(async (name) => signers.set(name, await startSigner(world, name))),
    ...GATES.map(async (name) => gates.set(name, await startGate(world, name))),
  ]);
  vault = await startVault(world, { screens: [screen.url] });
});
afterAll(() => world.close());

const stateOf = (name: SignerName): string => join(world.directory, `signer-${name}`);

function status(name: SignerName): Record<string, unknown> {
  const { stdout } = spawnSync(launcher('signer'), ['status', '--state', stateOf(name), '--json'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

function blockers(name: SignerName): readonly string[] {
  const list = status(name)['blockers'];
  return Array.isArray(list) ? list.map(({ code }: { code: string }) => code) : [];
}

function untilBlocked(name: SignerName, codes: readonly string[]): Promise<true> {
  return until(`${name} is blocked by ${codes.join() || 'nothing'}`, () =>
    blockers(name).join() === codes.join() ? true : undefined,
  );
}

/** Pays one withdrawal. @returns who signed it */
async function pay(): Promise<readonly unknown[]> {
  const { id } = await submit(vault.url, makeIntent(world));
  const { txid } = await waitForState(vault.url, id, ['broadcast', 'confirmed']);
  mine(world);
  const batch = vault.events().find(({ event, txid: of }) => event === 'drafted' && of === txid)?.['batch'];
  const signed = vault.events().filter(({ event, batch: of }) => event === 'signed' && of === batch);
  return signed.map(({ peer }) => peer);
}

/** Pays until this signer has signed once more. */
async function payWith(name: SignerName): Promise<void> {
  for (let round = 0; round < 6; round += 1) if ((await pay()).includes(name)) return;
  throw new Error(`${name} was never asked, or never signed`);
}

async function restart(name: SignerName): Promise<void> {
  await signers.get(name)?.stop();
  signers.set(name, await startSigner(world, name));
}

let orders = 0;
/** A file with an order, signed by these custodians. */
function order(kind: OrderKind, by: readonly string[], start?: Uint8Array): string {
  const height = world.chain.node.chain.tip.height;
  orders += 1;
  const bytes = encode(Order, {
    kind,
    first: world.deployment.charter.first,
    signer: kind === 'restore' ? 'A' : null,
    id: start ?? new Uint8Array(16).fill(orders),
    expires: height + 100,
    ...(kind === 'restore' ? { height } : {}),
  });
  const signatures = world.deployment.custodians
    .filter(({ name }) => by.includes(name))
    .map(({ name, key }) => [name, key.sign(hashOrder(bytes))] as const);
  const file = join(world.directory, `${orders}.order`);
  writeFileSync(file, encode(SignedOrder, [bytes, signatures]));
  return file;
}

function run(
  program: string,
  ...args: readonly string[]
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(launcher(program), [...args, '--json'], { encoding: 'utf8', timeout: 60_000 });
}

function showLogsOnFailure(): void {
  onTestFailed(() => {
    console.log(vault.log().slice(-6000));
    console.log(signers.get('A')?.log().slice(-3000));
  });
}

test('an older copy latches at its start, the others pay on, and a quorum takes the signer back', async () => {
  showLogsOnFailure();
  await payWith('A');
  await signers.get('A')?.stop();
  const copy = join(world.directory, 'copy-A');
  cpSync(stateOf('A'), copy, { recursive: true, filter: (path) => !path.includes('console') });
  signers.set('A', await startSigner(world, 'A'));
  await untilBlocked('A', []);
  await payWith('A');
  await signers.get('A')?.stop();
  rmSync(stateOf('A'), { recursive: true });
  cpSync(copy, stateOf('A'), { recursive: true });
  chmodSync(stateOf('A'), 0o700);
  signers.set('A', await startSigner(world, 'A'));
  await untilBlocked('A', ['STATE_ROLLBACK']);
  for (let round = 0; round < 3; round += 1) expect((await pay()).toSorted()).toEqual(['B', 'C']);
  // Latched is latched, whatever is started.
  await restart('A');
  await untilBlocked('A', ['STATE_ROLLBACK']);

  const start = fromHex(String(status('A')['start']));
  const alone = run('signer', 'order', order('restore', ['alice'], start), '--state', stateOf('A'));
  expect(alone).toMatchObject({ status: 3 });
  expect(alone.stderr).toContain('ORDER_QUORUM');
  const both = order('restore', ['alice', 'bob'], start);
  expect(run('vault', 'order', both, '--state', join(world.directory, 'vault'))).toMatchObject({ status: 0 });
  await untilBlocked('A', []);
  // Its windows count as spent: the next withdrawals are the others'.
  expect((await pay()).toSorted()).toEqual(['B', 'C']);
  await until('A signs again', async () => ((await pay()).includes('A') ? true : undefined));
  await restart('A');
  await untilBlocked('A', []);
}, 170_000);

test('while a gate is away a signer that starts is unwitnessed, and signs when the gate is back', async () => {
  showLogsOnFailure();
  await gates.get('gate-2')?.stop();
  await restart('A');
  await untilBlocked('A', ['UNWITNESSED']);
  const { id } = await submit(vault.url, makeIntent(world, { home: 'gate-1' }));
  await waitForState(vault.url, id, ['broadcast', 'confirmed']);
  gates.set('gate-2', await startGate(world, 'gate-2'));
  await untilBlocked('A', []);
  await payWith('A');
});

test('two custodians freeze at the machine itself, and a quorum ends it there', async () => {
  showLogsOnFailure();
  expect(run('signer', 'order', order('freeze', ['alice', 'bob']), '--state', stateOf('A'))).toMatchObject({
    status: 0,
  });
  expect(blockers('A')).toEqual(['FROZEN']);
  expect(run('signer', 'order', order('unfreeze', ['carol']), '--state', stateOf('A'))).toMatchObject({
    status: 3,
  });
  const end = order('unfreeze', ['bob', 'carol']);
  expect(run('signer', 'order', end, '--state', stateOf('A'))).toMatchObject({ status: 0 });
  expect(blockers('A')).toEqual([]);
  expect(run('signer', 'order', end, '--state', stateOf('A')).stderr).toContain('ORDER_USED');
});

test('an auditor reaches every decision of that signer again, losses and orders and all', () => {
  const { stdout, stderr } = run('audit', 'replay', stateOf('A'), '--charter', world.deployment.charterFile);
  const report = JSON.parse(stdout);
  expect(report, stderr.slice(-2000)).toMatchObject({ mismatches: 0, findings: 0 });
  expect(report.notes.map(({ what }: { what: string }) => what).join()).toContain('it had lost its memory');
});
