/** A charter with one screen, its files, intents of its requesters, and the screen as a real process. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createRoleKey } from '@coldwire/program';
import {
  Charter,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  hashCharter,
  hashIntent,
  Intent,
  SignedCharter,
  type SignedIntent,
} from '@coldwire/protocol';
import { onTestFinished } from 'vitest';

export function sha(...bytes: readonly number[]): Uint8Array {
  return new Uint8Array(createHash('sha256').update(Uint8Array.from(bytes)).digest());
}

export const desk = createEd25519Signer(sha(1));
export const mallory = createEd25519Signer(sha(2));
const custodians = [createEd25519Signer(sha(3)), createEd25519Signer(sha(4))];

export function makeCharter(screenKey: Uint8Array): Charter {
  const member = (name: string, seed: number) => ({ name, key: createEd25519Signer(sha(seed)).publicKey });
  const account = (signer: string, seed: number) => ({
    signer,
    fingerprint: sha(seed).subarray(0, 4),
    path: [0x80000030, 0x80000001, 0x80000000, 0x80000002],
    publicKey: Uint8Array.from([2, ...sha(seed)]),
    chainCode: sha(seed, 1),
  });
  return {
    version: 1,
    network: 'regtest',
    title: 'a charter for tests of the screen',
    epoch: 0,
    first: null,
    previous: null,
    wallets: [{ threshold: 2, keys: [account('A', 20), account('B', 21), account('C', 22)] }],
    vaults: [member('vault1', 30)],
    signers: [member('A', 31), member('B', 32), member('C', 33)],
    gates: [{ ...member('gate1', 34), sealKey: sha(35) }],
    screens: [member('screen0', 36), { name: 'screen1', key: screenKey }],
    requesters: [
      { name: 'desk', keys: [desk.publicKey], people: [] },
      { name: 'desk2', keys: [mallory.publicKey], people: [] },
    ],
    custodians: custodians.map(({ publicKey }, i) => ({
      name: `custodian${i}`,
      group: 'all',
      key: publicKey,
      recipient: 'age1test',
    })),
    policy: {
      maxInputs: 100,
      maxOutputs: 101,
      maxIntents: 100,
      maxVsize: 100_000,
      amountPerTransaction: 1_000_000_000n,
      windows: [{ ticks: 144, amount: 10_000_000_000n, count: 1000, fee: 10_000_000n }],
      feeAbsolute: 1_000_000n,
      feeRate: 500_000,
      feeShare: 100,
      feeShareFloor: 100_000n,
      scripts: ['p2wpkh'],
      changeGap: 20,
      receiveLimit: 1000,
      intentLife: 1008,
      intentAhead: 6,
      freezeTicks: 36,
      gateDelay: 600,
      velocity: [],
      destinations: 'any',
      destinationTicks: 0,
      allow: [],
      deny: [],
      tiers: [],
      loosenTicks: 144,
    },
    custody: {
      shares: ['A', 'B', 'C'].map((signer) => ({
        signer,
        epoch: 0,
        threshold: 2,
        holders: custodians.map((_, i) => [`custodian${i}`, sha(40, i)] as const),
      })),
    },
    clock: { checkpointHeight: 0, checkpoint: new Uint8Array(80), spacing: 1, burial: 6, fresh: 10_000_000 },
    approvers: [],
    quorum: 2,
  };
}

export function signCharter(charter: Charter, signers: readonly Ed25519Signer[] = custodians): Uint8Array {
  const bytes = encode(Charter, charter);
  const signatures = signers.map((signer, i) => [`custodian${i}`, signer.sign(hashCharter(bytes))] as const);
  return encode(SignedCharter, [bytes, signatures]);
}

export interface Site {
  readonly directory: string;
  readonly charter: string;
  readonly key: string;
  readonly state: string;
  readonly first: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function makeSite(): Site {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-screen-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const key = join(directory, 'screen.key');
  const { publicKey } = createEd25519Signer(createRoleKey(key, 'screen').identity);
  const charter = makeCharter(publicKey);
  const file = join(directory, 'charter.cbor');
  writeFileSync(file, signCharter(charter));
  const first = hashCharter(encode(Charter, charter));
  return { directory, charter: file, key, state: join(directory, 'state'), first, publicKey };
}

export interface IntentParts {
  readonly id: number;
  readonly amount?: bigint;
  readonly script?: Uint8Array;
  readonly requester?: string;
  readonly signer?: Ed25519Signer;
}

export function idOf(id: number): Uint8Array {
  return sha(50, id >> 8, id & 0xff).subarray(0, 16);
}

export function scriptOf(seed: number): Uint8Array {
  return Uint8Array.from([0x00, 0x14, ...sha(51, seed >> 8, seed & 0xff).subarray(0, 20)]);
}

export function makeIntent(first: Uint8Array, parts: IntentParts): SignedIntent {
  const { id, amount = 50_000n, script = scriptOf(id), requester = 'desk', signer = desk } = parts;
  const bytes = encode(Intent, { id: idOf(id), requester, amount, script, created: 100, expires: 200 });
  return [bytes, signer.sign(hashIntent(first, bytes))];
}

const LAUNCHER = join(import.meta.dirname, '../../../scripts/coldwire-screen');

export interface RunningScreen {
  readonly url: string;
  readonly child: ChildProcess;
  readonly log: string[];
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the real program and waits until it says that it is ready. */
export async function startScreen(site: Site, ...options: readonly string[]): Promise<RunningScreen> {
  const files = ['--charter', site.charter, '--key', site.key, '--state', site.state];
  const child = spawn(LAUNCHER, ['run', ...files, '--listen', '127.0.0.1:0', ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const log: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      const event: unknown = JSON.parse(line);
      if (typeof event === 'object' && event !== null && 'port' in event) resolve(Number(event.port));
    });
    lines.on('close', () => reject(new Error(`the screen ended: ${log.join('\n')}`)));
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return { url: `http://127.0.0.1:${port}`, child, log, stop };
}

export function runScreen(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(LAUNCHER, args, { encoding: 'utf8', timeout: 90_000 });
  return { status, stdout, stderr };
}
