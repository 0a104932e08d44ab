/**
 * The programs of the journey as child processes: started by their launchers, with files as stderr so that none gets a
 * socket, awaited by their ready lines, and stopped by process id. Every one ends with the journey.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const SCRIPTS = fileURLToPath(new URL('..', import.meta.url));

/** What programs get of the environment. */
export const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' };

/** Each is the leader of a process group of its own, so that a whole pipeline ends with it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGTERM');
});
// Without a listener these signals end the journey and leave its programs, unlocked signers among them.
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  process.on(signal, () => process.exit(128 + number));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}

export interface Program {
  readonly name: string;
  /** Of the program itself, as its ready line says. */
  readonly pid: number;
  readonly ready: { readonly [key: string]: unknown };
  /** Its stderr so far. */
  log(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const READY_MS = 60_000;

/**
 * Starts `command` in a shell and waits for its ready line on stderr.
 * @throws Error with its stderr if it ends or stays silent
 */
export async function startProgram(name: string, command: string, logFile: string): Promise<Program> {
  const fd = openSync(logFile, 'a', 0o600);
  const before = readFileSync(logFile, 'utf8').length;
  const child = spawn('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', fd],
    env: ENVIRONMENT,
    detached: true,
  });
  closeSync(fd);
  running.add(child);
  child.once('exit', () => running.delete(child));
  const log = (): string => readFileSync(logFile, 'utf8').slice(before);
  const until = performance.now() + READY_MS;
  for (;;) {
    const ready = findReady(log());
    if (ready !== undefined) {
      return {
        name,
        pid: ready.pid,
        ready: ready.line,
        log,
        stop: (signal = 'SIGTERM') => stop(child, ready.pid, signal),
      };
    }
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null || performance.now() > until) {
      throw new Error(
        `${name} ${ended === null ? 'is not ready after a minute' : `ended (${ended})`}:\n${log()}`,
      );
    }
    await sleep(50);
  }
}

function findReady(log: string): { pid: number; line: { readonly [key: string]: unknown } } | undefined {
  // Without the last piece: a line that is still being written.
  for (const line of log.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const value: unknown = JSON.parse(line);
    if (!isRecord(value) || value['event'] !== 'ready' || typeof value['pid'] !== 'number') continue;
    return { pid: value['pid'], line: value };
  }
  return undefined;
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function stop(child: ChildProcess, pid: number, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(pid, signal);
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of our programs to its end. */
export function runProgram(
  name: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${SCRIPTS}coldwire-${name}`, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
      ...options,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** Runs one of our programs and reads the JSON of its last line. @throws Error if it fails */
export async function askProgram(
  name: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<{ readonly [key: string]: unknown }> {
  const { code, stdout, stderr } = await runProgram(name, [...args, '--json'], options);
  if (code !== 0) throw new Error(`coldwire-${name} ${args[0]} ended with ${code}:\n${stderr}${stdout}`);
  const value: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (!isRecord(value)) throw new Error(`coldwire-${name} ${args[0]} did not answer with an object`);
  return value;
}

/** A text for a shell, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export { isRecord };
