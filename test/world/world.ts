/**
 * A running deployment on regtest: embedded chain, three signers, two gates, a screen and a vault as processes of their
 * own, each signer and gate on its own pair of pseudo-terminals. Tests share one world per file, or make a small one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { openPtyPair, type PtyPair } from '@coldwire/link';
import { encode, hashIntent, Intent, type SignedIntent, toHex } from '@coldwire/protocol';
import { createScripts, encodeAddress, type WalletScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import {
  type Deployment,
  type DeploymentOptions,
  GATES,
  type GateName,
  makeDeployment,
  SIGNERS,
  type SignerName,
} from './charter.ts';
import { hasNamespaces, launcher, type Running, type Start, start, until } from './processes.ts';
import { WAIVE_HOST } from './waivers.ts';

export interface World {
  readonly deployment: Deployment;
  readonly directory: string;
  readonly chain: Devchain;
  readonly scripts: WalletScripts;
  /** The pair of each line: the vault is on the left. */
  readonly lines: ReadonlyMap<SignerName | GateName, PtyPair>;
  /** Ends every process and removes the directory. */
  close(): Promise<void>;
  /** Ends with the world. */
  own(running: Running): Running;
}

export interface WorldOptions extends DeploymentOptions {
  /** Coins of 50 BTC that the wallet begins with. */
  readonly coins?: number;
}

/** OP_1 and a push of 32 bytes: where blocks pay that are not for us. */
const ELSEWHERE = Uint8Array.from([0x51, 0x20, ...new Uint8Array(32).fill(7)]);
const MATURITY = 100;

export async function buildWorld(options: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-world-'));
  const deployment = await makeDeployment(directory, options);
  const chain = await startDevchain({ dir: join(directory, 'chain') });
  const [wallet] = deployment.charter.charter.wallets;
  if (wallet === undefined) throw new Error('a charter without a wallet');
  const scripts = createScripts({ network: 'regtest', ...wallet }, noblePointMath);
  for (let i = 0; i < (options.coins ?? 3); i += 1) chain.node.mineNext(scripts.at(0, i).scriptPubKey);
  mine({ chain }, MATURITY);
  const lines = new Map<SignerName | GateName, PtyPair>();
  for (const name of [...SIGNERS, ...GATES]) lines.set(name, await openPtyPair());
  const owned: Running[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(owned.map((running) => running.stop()));
    await Promise.all([...lines.values()].map((pair) => pair.close()));
    await chain.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const own = (running: Running): Running => {
    owned.push(running);
    return running;
  };
  return { deployment, directory, chain, scripts, lines, close, own };
}

/** Mines blocks that pay nobody of ours. */
export function mine({ chain }: Pick<World, 'chain'>, blocks = 1): void {
  for (let i = 0; i < blocks; i += 1) chain.node.mineNext(ELSEWHERE);
}

/** Blocks that hold nothing of the mempool. */
export function mineEmpty({ chain: { node } }: Pick<World, 'chain'>, blocks = 1): void {
  for (let i = 0; i < blocks; i += 1) node.submitBlock(node.buildBlock(ELSEWHERE, []));
}

function lineOf(world: World, name: SignerName | GateName): PtyPair {
  const line = world.lines.get(name);
  if (line === undefined) throw new Error(`there is no line ${name}`);
  return line;
}

/** A signer, unsealed through a pipe as a ceremony does it; in a network namespace of its own where that is allowed. */
export async function startSigner(world: World, name: SignerName): Promise<Running> {
  return world.own(await start(await signerProgram(world, name)));
}

export async function signerProgram(world: World, name: SignerName): Promise<Start> {
  const { deployment, directory } = world;
  const own = [
    '--port',
    lineOf(world, name).right,
    '--signer',
    name,
    '--state',
    join(directory, `signer-${name}`),
  ];
  const args = ['run', '--charter', deployment.charterFile, '--key-fd', '0', ...own, ...WAIVE_HOST];
  const block = await deployment.openBlock(name);
  const base = { name, logFile: join(directory, `signer-${name}.log`), input: block };
  return hasNamespaces()
    ? { ...base, command: 'unshare', args: ['-n', launcher('signer'), ...args] }
    : { ...base, command: launcher('signer'), args: [...args, '--waive', 'network'] };
}

export async function startGate(world: World, name: GateName): Promise<Running> {
  return world.own(await start(gateProgram(world, name)));
}

export function gateProgram(world: World, name: GateName): Start {
  const { deployment, directory } = world;
  const files = ['--charter', deployment.charterFile, '--key', deployment.keyFile(name)];
  const own = [
    '--port',
    lineOf(world, name).right,
    '--gate',
    name,
    '--state',
    join(directory, `${name}.state`),
  ];
  const args = ['run', ...files, ...own];
  return { name, command: launcher('gate'), args, logFile: join(directory, `${name}.log`) };
}

/** @returns also its URL */
export async function startScreen(
  world: World,
  name = 'screen-1',
  flags: readonly string[] = [],
): Promise<Running & { readonly url: string }> {
  const { deployment, directory } = world;
  const files = ['--charter', deployment.charterFile, '--key', deployment.keyFile(name)];
  const own = ['--state', join(directory, `${name}.state`), '--listen', '127.0.0.1:0', ...flags];
  const logFile = join(directory, `${name}.log`);
  const running = world.own(
    await start({ name, command: launcher('screen'), args: ['run', ...files, ...own], logFile }),
  );
  return { ...running, url: `http://127.0.0.1:${portOf(running)}` };
}

function portOf(running: Running): number {
  const ready = running.events().find(({ event }) => event === 'ready');
  if (typeof ready?.['port'] !== 'number') throw new Error(`${running.name} names no port`);
  return ready['port'];
}

export interface VaultOptions {
  readonly screens: readonly string[];
  readonly flags?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Impatient settings: a test does not wait for what an exchange waits for. */
const IMPATIENT = [
  '--poll',
  '0.1',
  '--gather',
  '0.3',
  '--deadline',
  '3',
  '--gate-retry',
  '0.5',
  '--rescreen',
  '1',
  '--lookahead',
  '20',
];

export async function startVault(
  world: World,
  options: VaultOptions,
): Promise<Running & { readonly url: string }> {
  const running = world.own(await start(vaultProgram(world, options)));
  return { ...running, url: `http://127.0.0.1:${portOf(running)}` };
}

export function vaultProgram(world: World, options: VaultOptions): Start {
  const { deployment, directory, chain } = world;
  const ports = [
    ...SIGNERS.flatMap((name) => ['--signer', `${name}=${lineOf(world, name).left}`]),
    ...GATES.flatMap((name) => ['--gate', `${name}=${lineOf(world, name).left}`]),
  ];
  const args = [
    'serve',
    ...['--charter', deployment.charterFile, '--key', deployment.keyFile('vault-1')],
    ...['--state', join(directory, 'vault'), '--chain', chain.url, '--chain-cookie', chain.cookieFile],
    ...['--listen', '127.0.0.1:0', ...ports, ...options.screens.flatMap((url) => ['--screen', url])],
    ...[...IMPATIENT, ...(options.flags ?? [])],
  ];
  return { name: 'vault', command: launcher('vault'), args, logFile: join(directory, 'vault.log') };
}

export interface IntentOptions {
  readonly amount?: bigint;
  /** Of which gate the intent's id makes it. */
  readonly home?: GateName;
  readonly life?: number;
  /** Of the destination; a fresh one by default. */
  readonly script?: Uint8Array;
}

/** A signed intent to a fresh address. */
export function makeIntent(world: World, options: IntentOptions = {}): SignedIntent {
  const { deployment, chain } = world;
  const id = crypto.getRandomValues(new Uint8Array(16));
  if (options.home !== undefined) while (GATES[homeOf(id)] !== options.home) crypto.getRandomValues(id);
  const { height } = chain.node.chain.tip;
  const bytes = encode(Intent, {
    id,
    requester: 'exchange',
    amount: options.amount ?? 100_000n,
    script: options.script ?? Uint8Array.from([0x00, 0x14, ...crypto.getRandomValues(new Uint8Array(20))]),
    created: height,
    expires: height + (options.life ?? 100),
  });
  return [bytes, deployment.requester.sign(hashIntent(deployment.charter.first, bytes))];
}

function homeOf(id: Uint8Array): number {
  return new DataView(id.buffer).getUint32(0) % GATES.length;
}

export interface Withdrawal {
  readonly id: string;
  readonly state: string;
  readonly codes: readonly string[];
  readonly txid: string | null;
  readonly confirmations: number;
}

async function ask(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const value: unknown = await response.json();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${JSON.stringify(value)}`);
  return value;
}

function asWithdrawal(value: unknown): Withdrawal {
  const row: { readonly [field: string]: unknown } =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const { id, state, codes, txid, confirmations } = row;
  if (typeof id !== 'string' || typeof state !== 'string' || !Array.isArray(codes))
    throw new Error('no withdrawal');
  const name = typeof txid === 'string' ? txid : null;
  return { id, state, codes: codes.map(String), txid: name, confirmations: Number(confirmations) };
}

export async function submit(vaultUrl: string, [intent, signature]: SignedIntent): Promise<Withdrawal> {
  const body = JSON.stringify({ intent: toHex(intent), signature: toHex(signature) });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  return asWithdrawal(await ask(`${vaultUrl}/v1/intents`, init));
}

export async function readWithdrawal(vaultUrl: string, id: string): Promise<Withdrawal> {
  return asWithdrawal(await ask(`${vaultUrl}/v1/withdrawals/${id}`));
}

/** @throws Error naming the state that it is in after `ms` */
export function waitForState(
  vaultUrl: string,
  id: string,
  states: readonly string[],
  ms = 45_000,
): Promise<Withdrawal> {
  let last: Withdrawal | undefined;
  return until(
    `withdrawal ${id} is ${states.join(' or ')}`,
    async () => {
      last = await readWithdrawal(vaultUrl, id);
      return states.includes(last.state) ? last : undefined;
    },
    ms,
    // Each look is a request, and tests wait for many withdrawals at once.
    60,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${last?.state} ${last?.codes.join()}`);
  });
}

/** A receiving address of the wallet. */
export function addressOf(world: World, index: number): string {
  return encodeAddress(world.scripts.at(0, index).scriptPubKey, 'regtest') ?? '';
}
