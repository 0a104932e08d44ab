/** The real programs as child processes: started by their launchers, watched by their own JSON lines, stopped by pid. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';

export { launcher } from './programs.ts';

export interface Running {
  readonly name: string;
  /** Of the program itself, not of a shell before it. */
  readonly pid: number;
  /** Its stderr so far. */
  log(): string;
  /** Its JSON lines so far. */
  events(): readonly { readonly [field: string]: unknown }[];
  /** Resolves with the first event of which this is true, also a past one. @throws Error with its log after `ms` */
  waitFor(
    what: string,
    test: (event: { readonly [field: string]: unknown }) => boolean,
    ms?: number,
  ): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** How it ended by itself; null while it runs. */
  exitCode(): number | null;
  /** Sends the signal and resolves when the process is gone. */
  stop(name?: NodeJS.Signals): Promise<void>;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Long enough for a machine that does ten other things: only what never comes about takes so long. */
const PATIENCE = 45_000;

/** Looks every `every` ms. @throws Error after `ms` */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  ms = PATIENCE,
  every = 20,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await pause(every);
  }
}

export interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** Written into its standard input, through a pipe that the shell makes: programs that refuse sockets take it. */
  readonly input?: Uint8Array;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What a person's session has, and where Node keeps what it compiled; a signer's launcher takes only the first. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '/usr/bin:/bin', HOME = '/', NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function launch({ command, args, logFile, input, environment }: Start, detached: boolean): ChildProcess {
  const log = openSync(logFile, 'a');
  const words = [command, ...args].map(quote).join(' ');
  const line = input === undefined ? `exec ${words} < /dev/null` : `cat | ${words}`;
  const child = spawn('sh', ['-c', line], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', log],
    env: environment ?? bareEnvironment(),
    detached,
  });
  closeSync(log);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return child;
}

/** Starts a program, and kills it (−9) after `ms`, wherever it has come to by then. */
export async function startAndKill(program: Start, ms: number): Promise<void> {
  const child = launch(program, true);
  await pause(ms);
  // A group of its own, so that nothing that the shell started is left.
  const group = child.pid;
  if (group !== undefined && !hasEnded(child)) process.kill(-group, 'SIGKILL');
  await ended(child);
  if (group !== undefined) await until(`${program.name} is gone`, () => isGone(group) || undefined);
}

function isGone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}

/** A busy machine starts six programs at once. */
const READY_MS = 90_000;

/** Starts a program and waits for its `ready` line. @throws Error with its log when it ends before */
export async function start(program: Start): Promise<Running> {
  const { name, logFile } = program;
  const before = existsSync(logFile) ? readFileSync(logFile, 'utf8').length : 0;
  const child = launch(program, false);
  const read = (): string => readFileSync(logFile, 'utf8').slice(before);
  const events = followLines(read);
  const pid = await until(
    `${name} is ready`,
    () => {
      const ready = events().find(({ event }) => event === 'ready');
      if (ready === undefined && child.exitCode !== null) throw new Error(`${name} ended:\n${read()}`);
      return typeof ready?.['pid'] === 'number' ? ready['pid'] : undefined;
    },
    READY_MS,
  ).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${name} did not start: ${String(error)}\n${read()}`);
  });
  const waitFor: Running['waitFor'] = async (what, test, ms = PATIENCE) => {
    await until(`${name}: ${what}`, () => events().find(test), ms).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${read().slice(-6000)}`);
    });
  };
  const signal = (which: NodeJS.Signals): void => {
    process.kill(pid, which);
  };
  const stop = async (which: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (hasEnded(child)) return;
    signal(which);
    await ended(child);
  };
  return { name, pid, log: read, events, waitFor, signal, exitCode: () => child.exitCode, stop };
}

/** The JSON lines so far; each is parsed once, however often somebody looks. */
function followLines(read: () => string): () => readonly { readonly [field: string]: unknown }[] {
  const seen: { readonly [field: string]: unknown }[] = [];
  let parsed = 0;
  return () => {
    const text = read();
    // Without the last piece: a line that is still being written.
    const end = text.lastIndexOf('\n') + 1;
    if (end > parsed) seen.push(...text.slice(parsed, end).split('\n').flatMap(parseLine));
    parsed = Math.max(parsed, end);
    return [...seen];
  };
}

function parseLine(line: string): readonly { readonly [field: string]: unknown }[] {
  if (!line.startsWith('{')) return [];
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null ? [{ ...value }] : [];
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function ended(child: ChildProcess): Promise<void> {
  return hasEnded(child) ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()));
}

let namespaces: boolean | undefined;

/** Whether this machine lets us make a network namespace: signers run in one where it does. */
export function hasNamespaces(): boolean {
  namespaces ??= spawnSync('unshare', ['-n', 'true']).status === 0;
  return namespaces;
}
