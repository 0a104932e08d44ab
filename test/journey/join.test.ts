/** A later charter replaces a gate and gives a signer a new link key: both machines start with --joins, wait, and do the work. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRoleKey } from '@coldwire/program';
import {
  createEd25519Signer,
  encode,
  fromHex,
  hashOrder,
  INTENT_AHEAD_MAX,
  Order,
  SignedOrder,
} from '@coldwire/protocol';
import { KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { SIGNERS, type SignerName, writeSuccessor } from '../world/charter.ts';
import { launcher, type Running, type Start, start, until } from '../world/processes.ts';
import {
  buildWorld,
  gateProgram,
  makeIntent,
  mine,
  signerProgram,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  vaultProgram,
  type World,
  waitForState,
} from '../world/world.ts';

/** Ticks and seconds here: blocks are a second apart. */
const DELAY = 4;
let world: World;
let screen: Running & { readonly url: string };
let vault: Running & { readonly url: string };
let gate2: Running;
let oldC: Running;

beforeAll(async () => {
  const windows = [{ ticks: 3, amount: 100_000_000_000n, count: 100_000, fee: 1_000_000_000n }];
  world = await buildWorld({ policy: { windows, loosenTicks: DELAY, gateDelay: 1 } });
  [screen, gate2, oldC] = await Promise.all([
    startScreen(world),
    startGate(world, 'gate-2'),
    startSigner(world, 'C'),
    startSigner(world, 'A'),
    startSigner(world, 'B'),
    startGate(world, 'gate-1'),
  ]);
  vault = await startVault(world, { screens: [screen.url] });
});
afterAll(() => world.close());

const inWorld = (name: string): string => join(world.directory, name);

/** C's key block as a ceremony would make it anew: the same account key, another link identity and seal secret. */
async function renewBlock(seed: Uint8Array): Promise<Uint8Array> {
  const block = Uint8Array.from(await world.deployment.openBlock('C'));
  block.set(seed, KEY_BLOCK.identitySeed.at);
  block.set(createEd25519Signer(seed).publicKey, KEY_BLOCK.identityPublicKey.at);
  block.set(crypto.getRandomValues(new Uint8Array(32)), KEY_BLOCK.sealSecret.at);
  const sum = createHash('sha256').update(block.subarray(0, KEY_BLOCK.checksum.at)).digest();
  block.set(sum, KEY_BLOCK.checksum.at);
  return block;
}

const change = (
  { args, ...program }: Start,
  to: (word: string) => string,
  more: readonly string[],
): Start => ({
  ...program,
  args: [...args.map(to), ...more],
});

/** The new machine of C, in a directory of its own. */
async function programOfC(block: Uint8Array): Promise<Start> {
  const program = await signerProgram(world, 'C');
  const old = inWorld('signer-C');
  const moved = change(program, (word) => (word === old ? inWorld('signer-new-C') : word), ['--joins']);
  return { ...moved, input: block, logFile: inWorld('signer-new-C.log') };
}

/** gate-3 on the line that gate-2 had. */
function programOfGate(): Start {
  const program = gateProgram(world, 'gate-2');
  const rename = (word: string): string => word.replaceAll('gate-2', 'gate-3');
  return { ...change(program, rename, ['--joins']), logFile: inWorld('gate-3.log') };
}

function programOfVault(): Start {
  const program = vaultProgram(world, { screens: [screen.url] });
  return change(program, (word) => word.replace(/^gate-2=/, 'gate-3='), []);
}

async function inForce(epoch: number, names: readonly string[]): Promise<void> {
  await until(
    `epoch ${epoch} at ${names.join(', ')}`,
    () => {
      const heard = vault.events().filter(({ event }) => event === 'charter');
      const last = (name: string) => heard.findLast(({ peer }) => peer === name)?.['epoch'];
      if (names.every((name) => last(name) === epoch)) return true;
      mine(world);
      return undefined;
    },
    60_000,
    500,
  );
}

function run(program: string, ...args: readonly string[]): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync(launcher(program), [...args, '--json'], { encoding: 'utf8' });
  if (!stdout.startsWith('{')) throw new Error(`${program} ${args[0]}: ${status} ${stderr}`);
  return JSON.parse(stdout);
}

function blockersOfC(): readonly string[] {
  const list = run('signer', 'status', '--state', inWorld('signer-new-C'))['blockers'];
  return Array.isArray(list) ? list.map(({ code }: { code: string }) => code) : [];
}

/** As alice and bob sign it. */
function restoreOrder(): string {
  const { height } = world.chain.node.chain.tip;
  const nonce = run('signer', 'status', '--state', inWorld('signer-new-C'))['start'];
  const bytes = encode(Order, {
    kind: 'restore',
    first: world.deployment.charter.first,
    signer: 'C',
    id: fromHex(String(nonce)),
    expires: height + 100,
    height,
  });
  const signatures = world.deployment.custodians
    .slice(0, 2)
    .map(({ name, key }) => [name, key.sign(hashOrder(bytes))] as const);
  writeFileSync(inWorld('restore.order'), encode(SignedOrder, [bytes, signatures]));
  return inWorld('restore.order');
}

/** @returns who signed it, and which gate cleared it */
async function pay(): Promise<{ readonly signers: readonly unknown[]; readonly gate: unknown }> {
  // At home at the second gate of either charter.
  const { id } = await submit(vault.url, makeIntent(world, { home: 'gate-2' }));
  const { txid } = await waitForState(vault.url, id, ['broadcast', 'confirmed']);
  mine(world);
  const events = vault.events();
  const batch = events.find((row) => row['event'] === 'drafted' && row['txid'] === txid)?.['batch'];
  const signers = events.filter((row) => row['event'] === 'signed' && row['batch'] === batch);
  const gate = events.find((row) => row['event'] === 'cleared' && row['txid'] === txid)?.['peer'];
  return { signers: signers.map(({ peer }) => peer), gate };
}

/** A gate that has just joined refuses until its windows, which it counts as spent, are over; the other gate clears meanwhile. */
async function payThrough(signer: SignerName, gate: string): Promise<void> {
  const paid: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const { signers, gate: cleared } = await pay();
    if (signers.includes(signer) && cleared === gate) return;
    paid.push(`${signers.join(' and ')} through ${String(cleared)}`);
  }
  throw new Error(`${signer} and ${gate} never met: ${paid.join(', ')}`);
}

test('a gate and a signer are replaced by a charter: after its delay payments go through the new machines', async () => {
  const logs: Running[] = [];
  onTestFailed(() => {
    for (const one of [vault, ...logs]) console.log(one.name, one.log().slice(-4000));
  });
  await payThrough('C', 'gate-2');
  const { deployment } = world;
  const { identity, seal = new Uint8Array(32) } = createRoleKey(deployment.keyFile('gate-3'), 'gate');
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const [gate1] = deployment.charter.charter.gates;
  if (gate1 === undefined) throw new Error('no gate');
  const gate3 = {
    name: 'gate-3',
    key: createEd25519Signer(identity).publicKey,
    sealKey: gatePublicKey(seal),
  };
  const { file } = writeSuccessor(deployment, deployment.charter, {
    gates: [gate1, gate3],
    signers: deployment.charter.charter.signers.map((row) =>
      row.name === 'C' ? { ...row, key: createEd25519Signer(seed).publicKey } : row,
    ),
  });
  const handed = spawnSync(launcher('vault'), ['charter', file, '--vault', vault.url], { encoding: 'utf8' });
  expect(handed.status).toBe(0);
  await Promise.all([vault.stop(), gate2.stop(), oldC.stop()]);

  // The old directory is the old key's, whatever option is given.
  const block = await renewBlock(seed);
  const inOld = { ...change(await signerProgram(world, 'C'), (word) => word, ['--joins']), input: block };
  await expect(start(inOld)).rejects.toThrow(/KEY_BLOCK.*state directory/);

  const [newC, newGate] = await Promise.all([start(await programOfC(block)), start(programOfGate())]);
  logs.push(world.own(newC), world.own(newGate));
  expect(blockersOfC()).toContain('WRONG_PEER');
  const running = world.own(await start(programOfVault()));
  const { port } = running.events().find(({ event }) => event === 'ready') ?? {};
  vault = { ...running, url: `http://127.0.0.1:${String(port)}` };
  await inForce(1, [...SIGNERS, 'gate-1', 'gate-3']);
  await until('C waits to be restored', () => (blockersOfC().join() === 'STATE_ROLLBACK' ? true : undefined));
  run('signer', 'order', restoreOrder(), '--state', inWorld('signer-new-C'));
  // Only intents that were made after the loss, and when no window can hold anything of before.
  mine(world, INTENT_AHEAD_MAX + 3);
  const { height } = world.chain.node.chain.tip;
  await vault.waitFor('the tip', (row) => row['event'] === 'tip' && row['height'] === height);
  await payThrough('C', 'gate-3');
}, 180_000);

test('the auditor reaches every decision of the old and the new machines again, from their own logs or the vault’s', async () => {
  await vault.stop();
  const { charterFile } = world.deployment;
  const whole = run('audit', 'replay', world.directory, '--charter', charterFile);
  expect(whole).toMatchObject({ findings: 0, mismatches: 0 });
  const lines = run('audit', 'replay', inWorld('vault'), '--charter', charterFile);
  expect(lines).toMatchObject({ findings: 0, mismatches: 0 });
});
