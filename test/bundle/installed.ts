/**
 * A signer started from an installed bundle: by its own launchers, unsealed by its own ceremony, in a network namespace, and
 * with the repository hidden from it, so that a file which is not in the bundle cannot help.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Deployment, SignerName } from '../world/charter.ts';
import { until } from '../world/processes.ts';
import { WAIVE_HOST } from '../world/waivers.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** As root, or as a user whose kernel allows user namespaces. */
const UNSHARE = [
  ['unshare', '-m', '-n'],
  ['unshare', '-r', '-m', '-n'],
].find(
  ([command = '', ...flags]) =>
    spawnSync(command, [...flags, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
);
export const canHide = UNSHARE !== undefined;

export interface StartedSigner {
  readonly pid: number;
  log(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface SignerStart {
  /** Directory of the launchers. */
  readonly bin: string;
  readonly signer: SignerName;
  readonly deployment: Deployment;
  readonly port: string;
  readonly directory: string;
  /** Whether the repository is there for it. */
  readonly hidden: boolean;
}

/** What no test machine can promise; the rest of preflight is judged as on a signer's machine. */
const WAIVED = ['swap', 'tracer', 'core-pattern'].flatMap((name) => ['--waive', name]);

export async function startInstalled(start: SignerStart): Promise<StartedSigner> {
  const { bin, signer, deployment, port, directory } = start;
  const state = join(directory, `state-${signer}`);
  const logFile = join(directory, `signer-${signer}.log`);
  const ceremony = [
    join(bin, 'coldwire-custody'),
    'unseal',
    ...ceremonyArguments(deployment, signer, directory),
  ];
  const line = ['--port', port, '--charter', deployment.charterFile, '--state', state, '--signer', signer];
  const run = [join(bin, 'coldwire-signer'), 'run', ...line, '--key-fd', '0', ...WAIVED, ...WAIVE_HOST];
  // The shell gives its exit code to the pipeline's last command, the signer.
  const hide = start.hidden ? `mount -t tmpfs none ${quote(REPOSITORY)} && cd / && ` : '';
  const script = `${hide}${ceremony.map(quote).join(' ')} | ${run.map(quote).join(' ')}`;
  const [command = 'sh', ...flags] = UNSHARE ?? [];
  const log = openSync(logFile, 'w');
  const child = spawn(command, [...flags, 'sh', '-c', script], {
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], HOME: '/' },
  });
  closeSync(log);
  const read = (): string => readFileSync(logFile, 'utf8');
  const pid = await until('the signer is ready', () => readyPid(child, read()), 90_000);
  return { pid, log: read, stop: () => stopSigner(child, pid) };
}

function ceremonyArguments(deployment: Deployment, signer: SignerName, directory: string): string[] {
  const own = join(deployment.directory, signer);
  const shares = deployment.custodians.slice(0, 2).flatMap(({ name, identities }) => {
    const identity = join(directory, `${name}.identity`);
    writeFileSync(identity, `${identities.join('\n')}\n`, { mode: 0o600 });
    return ['--share', join(own, `share-${name}.age`), '--identity', identity];
  });
  return [
    '--key',
    join(own, 'key.age'),
    '--public',
    join(own, 'public.json'),
    ...shares,
    '--waive',
    'environment',
  ];
}

function readyPid(child: ChildProcess, log: string): number | undefined {
  const pid = /"event":"ready","pid":(\d+)/.exec(log)?.[1];
  if (pid === undefined && child.exitCode !== null) throw new Error(`the signer ended: ${log}`);
  return pid === undefined ? undefined : Number(pid);
}

function stopSigner(child: ChildProcess, pid: number): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    child.once('exit', (code) => resolve(code));
    process.kill(pid, 'SIGTERM');
  });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Every file that is mapped into a process, once each. */
export function mappedFiles(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return [...new Set(lines.flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []))].sort();
}
