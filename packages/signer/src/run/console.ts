/**
 * The local console: two FIFOs in the state directory, `console-in` and `console-out`, one JSON line each way per command.
 * It works without the vault and without a network. Refuses commands that it does not know and lines that are too long.
 * Whoever may open the FIFOs (mode 0600) may already stop the process; no command signs, and none raises a limit.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure, type JsonValue, toJsonLine } from '@coldwire/program';

export const COMMANDS = ['status', 'lock', 'unseal', 'freeze', 'check'] as const;
export type Command = (typeof COMMANDS)[number];

export const CONSOLE_IN = 'console-in';
export const CONSOLE_OUT = 'console-out';
const LINE_MAX = 4096;
const POLL_MS = 20;

/** Creates a FIFO unless it is there. @throws Failure if something else stands in its place */
export function makeFifo(path: string): void {
  if (!existsSync(path)) {
    const made = spawnSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' });
    if (made.status !== 0) {
      throw new Failure(EXIT.ENVIRONMENT, {
        what: 'the FIFO cannot be made',
        where: path,
        todo: 'Keep the state directory on a file system that has FIFOs, not on FAT.',
      });
    }
  }
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const isFifo = fstatSync(fd).isFIFO();
  closeSync(fd);
  if (!isFifo) {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: 'it is not a FIFO',
      where: path,
      todo: 'Remove it and start again.',
    });
  }
}

/** Opened for reading and writing, so that it never reports an end when a client goes. */
export function openFifoBothWays(path: string): number {
  makeFifo(path);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** Reads what is there without waiting; undefined when there is nothing. */
export function readNow(fd: number, buffer: Uint8Array): number | undefined {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

export type Answer = { readonly [key: string]: JsonValue };

/** Serves commands until `close`. `run` answers one command; what it throws becomes an error line. */
export function serveConsole(
  directory: string,
  run: (command: Command) => Promise<Answer>,
): { close(): void } {
  const input = openFifoBothWays(join(directory, CONSOLE_IN));
  const out = openFifoBothWays(join(directory, CONSOLE_OUT));
  const buffer = new Uint8Array(LINE_MAX);
  let line = '';
  const take = async (text: string): Promise<void> => {
    const command = COMMANDS.find((known) => known === text);
    const answer =
      command === undefined
        ? { error: 'unknown command' }
        : await run(command).catch((error: unknown) => ({
            error: error instanceof Error ? error.message : 'failed',
          }));
    const bytes = new TextEncoder().encode(`${toJsonLine(answer)}\n`);
    try {
      writeSync(out, bytes);
    } catch {
      // The client went and left the FIFO full: its answer is nobody's.
    }
  };
  const timer = setInterval(() => {
    const length = readNow(input, buffer);
    if (length === undefined) return;
    line = (line + new TextDecoder().decode(buffer.subarray(0, length))).slice(-LINE_MAX);
    for (let end = line.indexOf('\n'); end >= 0; end = line.indexOf('\n')) {
      const text = line.slice(0, end).trim();
      line = line.slice(end + 1);
      void take(text);
    }
  }, POLL_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      closeSync(input);
      closeSync(out);
      rmSync(join(directory, CONSOLE_IN), { force: true });
      rmSync(join(directory, CONSOLE_OUT), { force: true });
    },
  };
}

/** The other end: sends one command to the signer that runs on `directory` and waits for its answer. */
export async function askConsole(directory: string, command: Command, timeoutMs: number): Promise<Answer> {
  const input = openClient(join(directory, CONSOLE_IN), constants.O_WRONLY | constants.O_NONBLOCK, directory);
  const out = openClient(join(directory, CONSOLE_OUT), constants.O_RDONLY | constants.O_NONBLOCK, directory);
  try {
    const buffer = new Uint8Array(64 * 1024);
    while (readNow(out, buffer)) {
      // an answer that an earlier client did not wait for
    }
    writeSync(input, new TextEncoder().encode(`${command}\n`));
    const end = performance.now() + timeoutMs;
    let text = '';
    while (performance.now() < end) {
      const length = readNow(out, buffer);
      if (length !== undefined) text += new TextDecoder().decode(buffer.subarray(0, length));
      if (text.includes('\n')) return parseAnswer(text);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    closeSync(input);
    closeSync(out);
  }
  throw new Failure(EXIT.IO, {
    what: `the signer did not answer within ${timeoutMs / 1000} s`,
    where: directory,
    todo: 'Look at its log; if it hangs, stop and start it (its keys are gone then and it must be unsealed).',
  });
}

function openClient(path: string, flags: number, directory: string): number {
  try {
    return openSync(path, flags);
  } catch {
    throw new Failure(EXIT.IO, {
      what: 'no signer runs on this state directory',
      where: directory,
      todo: 'Start it with coldwire-signer run, or name the directory that it was started with.',
    });
  }
}

function parseAnswer(text: string): Answer {
  const value: unknown = JSON.parse(text.slice(0, text.indexOf('\n')));
  if (isAnswer(value)) return value;
  throw new Error('the console answered something that is not an object');
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
