/**
 * The local console: a FIFO `console-in` in the state directory that takes lines `COMMAND ANSWER`, where ANSWER names a FIFO
 * beside it that the client made for its one answer, a line of JSON: so no client reads what is another's.
 * It works without the vault and without a network. Refuses commands that it does not know; drops lines that name no answer.
 * Whoever may open the FIFOs (mode 0600) may already stop the process; no command signs, and none raises a limit.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure, type JsonValue, toJsonLine } from '@coldwire/program';
import { ANSWER, type Command, ConsoleLines, type ConsoleRequest, LINE_MAX } from './console-lines.ts';

export { COMMANDS, type Command } from './console-lines.ts';

export const CONSOLE = 'console-in';
const ATTACHED = /^console-file-[0-9a-f]{16}$/;
const ATTACHED_MAX = 16 * 1024;
const attachedTo = (answer: string): string => answer.replace('answer', 'file');
const POLL_MS = 20;

/**
 * Creates a FIFO unless it is there. Why `mkfifo` failed stays unknown: its words would need a pipe, which Node makes of sockets.
 * @throws Failure IO if it cannot be made; ENVIRONMENT if something else stands in its place
 */
export function makeFifo(path: string): void {
  if (!existsSync(path)) {
    const made = spawnSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' });
    if (made.status !== 0) {
      throw new Failure(EXIT.IO, {
        what: 'the FIFO cannot be made',
        where: path,
        todo: 'See that the disk is sound and has room, and that its file system has FIFOs: FAT has none.',
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
  run: (command: Command, attached: () => Uint8Array) => Promise<Answer>,
): { close(): void } {
  for (const left of readdirSync(directory).filter((name) => ANSWER.test(name) || ATTACHED.test(name)))
    rmSync(join(directory, left), { force: true });
  const input = openFifoBothWays(join(directory, CONSOLE));
  const buffer = new Uint8Array(LINE_MAX);
  const lines = new ConsoleLines();
  const take = async ({ command, answer: name }: ConsoleRequest): Promise<void> => {
    const answer =
      command === undefined
        ? { error: 'unknown command' }
        : await run(command, () => readAttached(join(directory, attachedTo(name)))).catch(
            (error: unknown) => ({
              error: error instanceof Error ? error.message : 'failed',
            }),
          );
    giveAnswer(join(directory, name), answer);
  };
  const timer = setInterval(() => {
    const length = readNow(input, buffer);
    if (length === undefined) return;
    for (const request of lines.push(buffer.subarray(0, length))) void take(request);
  }, POLL_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      closeSync(input);
      rmSync(join(directory, CONSOLE), { force: true });
    },
  };
}

/** What a command is about, where a line cannot hold it: a file beside the FIFO of its answer. @throws Error if there is none */
function readAttached(path: string): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || size > ATTACHED_MAX)
      throw new Error(`the file has more than ${ATTACHED_MAX} bytes`);
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
}

/** One line into the client's FIFO. A client that has gone gets none, and nothing waits for it. */
function giveAnswer(path: string, answer: Answer): void {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      if (fstatSync(fd).isFIFO()) writeSync(fd, new TextEncoder().encode(`${toJsonLine(answer)}\n`));
    } finally {
      closeSync(fd);
    }
  } catch {
    // Nobody reads it any more.
  }
}

/** The other end: sends one command to the signer that runs on `directory` and waits for its answer. */
export async function askConsole(
  directory: string,
  command: Command,
  timeoutMs: number,
  attached?: Uint8Array,
): Promise<Answer> {
  const input = openClient(join(directory, CONSOLE), directory);
  const name = `console-answer-${randomBytes(8).toString('hex')}`;
  const path = join(directory, name);
  try {
    const out = openFifoBothWays(path);
    try {
      if (attached !== undefined)
        writeFileSync(join(directory, attachedTo(name)), attached, { mode: 0o600, flag: 'wx' });
      // The line break before it ends whatever another writer left unfinished.
      writeSync(input, new TextEncoder().encode(`\n${command} ${name}\n`));
      const text = await readLine(out, timeoutMs);
      if (text !== undefined) return parseAnswer(text);
    } finally {
      closeSync(out);
    }
  } finally {
    closeSync(input);
    rmSync(path, { force: true });
    rmSync(join(directory, attachedTo(name)), { force: true });
  }
  throw new Failure(EXIT.IO, {
    what: `the signer did not answer within ${timeoutMs / 1000} s`,
    where: directory,
    todo: 'Look at its log; if it hangs, stop and start it (its keys are gone then and it must be unsealed).',
  });
}

/** The first line, without its end; undefined if none comes in time. */
async function readLine(fd: number, timeoutMs: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  const end = performance.now() + timeoutMs;
  let text = '';
  while (performance.now() < end) {
    const length = readNow(fd, buffer);
    if (length !== undefined) text += decoder.decode(buffer.subarray(0, length), { stream: true });
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

function openClient(path: string, directory: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    throw new Failure(EXIT.IO, {
      what: 'no signer runs on this state directory',
      where: directory,
      todo: 'Start it with coldwire-signer run, or name the directory that it was started with.',
    });
  }
}

function parseAnswer(text: string): Answer {
  const value: unknown = JSON.parse(text);
  if (isAnswer(value)) return value;
  throw new Error('the console answered something that is not an object');
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
