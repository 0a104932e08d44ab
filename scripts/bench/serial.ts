/**
 * The sign path over a real line: a signer process of its own, as operators start it, on one of two joined pseudo-terminals;
 * a vault's session on the other. Every message is journalled and synced at both ends, every byte framed and checked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPtyPair, openTty } from '@coldwire/link';
import { openSecureDirectory } from '@coldwire/program';
import { CHECK_NAMES } from '@coldwire/signer/io/preflight.ts';
import { BAUD, type VaultEnd, vaultOf } from './line.ts';
import { type Cost, medianCost, processorTime } from './measure.ts';
import { encodeCharterFile, encodeRequest, type Site } from './site.ts';

const LAUNCHER = fileURLToPath(new URL('../coldwire-signer', import.meta.url));
const START_MS = 20_000;

/** A machine to measure on is no signer's machine. What the line and the native files must be is not waived. */
const WAIVED = CHECK_NAMES.filter(
  (name) => name !== 'self-test' && name !== 'natives' && !name.startsWith('line-'),
);

/** One median per number of inputs: wall µs from request to answer at the vault, CPU µs of the signer process alone. */
export async function measureSerial(
  site: Site,
  sizes: readonly (readonly [inputs: number, runs: number])[],
): Promise<ReadonlyMap<number, Cost>> {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-bench-'));
  const pair = await openPtyPair();
  const signer = spawnSigner(site, directory, pair.right);
  try {
    await becomeReady(signer, join(directory, 'log'));
    const vault = vaultOf(site, openTty(pair.left, BAUD), openSecureDirectory(join(directory, 'vault')));
    try {
      await vault.ready();
      await vault.fund(site);
      const costs = new Map<number, Cost>();
      for (const [inputs, runs] of sizes)
        costs.set(inputs, await measureSize(vault, site, signer, inputs, runs));
      return costs;
    } finally {
      await vault.stop();
    }
  } finally {
    await stopChild(signer);
    await pair.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureSize(
  vault: VaultEnd,
  site: Site,
  signer: ChildProcess,
  inputs: number,
  runs: number,
): Promise<Cost> {
  const coins = site.coins.slice(0, inputs);
  const costs: Cost[] = [];
  for (let run = 0; run < runs; run++) {
    const label = `serial ${inputs} ${run}`;
    const body = encodeRequest(site, { coins, payments: 1, label });
    const before = processorTime(signer.pid);
    const { ms } = await vault.ask('SIGN', body, 'SIGNED');
    costs.push({ wall: ms * 1000, cpu: processorTime(signer.pid) - before });
  }
  return medianCost(costs);
}

function spawnSigner(site: Site, directory: string, tty: string): ChildProcess {
  const charter = join(directory, 'charter.cbor');
  const block = join(directory, 'block');
  writeFileSync(charter, encodeCharterFile(site));
  writeFileSync(block, site.keys.A.block, { mode: 0o600 });
  const key = openSync(block, 'r');
  const log = openSync(join(directory, 'log'), 'w');
  const waivers = WAIVED.flatMap((name) => ['--waive', name]);
  const line = ['--port', tty, '--baud', String(BAUD)];
  const args = ['run', ...line, '--charter', charter, '--state', join(directory, 'signer')];
  const child = spawn(LAUNCHER, [...args, '--signer', 'A', '--key-fd', '0', ...waivers], {
    stdio: [key, log, log],
  });
  closeSync(key);
  closeSync(log);
  return child;
}

async function becomeReady(child: ChildProcess, log: string): Promise<void> {
  for (const end = performance.now() + START_MS; performance.now() < end; await sleep(20)) {
    if (readFileSync(log, 'utf8').includes('"event":"ready"')) return;
    if (child.exitCode !== null) break;
  }
  throw new Error(`the signer did not start: ${readFileSync(log, 'utf8')}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
