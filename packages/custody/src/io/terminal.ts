/**
 * Asking at the terminal without showing what is typed. The line is kept in bytes that are wiped, not in a string that
 * grows key by key. Always /dev/tty, never stdin: stdin and stdout may be pipes of the ceremony.
 */
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { EXIT, Failure } from '@coldwire/program';

/** Room for a share of 33 words and to spare. */
const MAX_LINE = 1024;
const INTERRUPT = 0x03;
const END = 0x04;
const BACKSPACES: readonly number[] = [0x08, 0x7f];
const ENTERS: readonly number[] = [0x0a, 0x0d];

/** One typed or pasted line, in a buffer of fixed size that is wiped at the end. */
class HiddenLine {
  readonly #bytes = new Uint8Array(MAX_LINE);
  #length = 0;

  /** @returns whether the line is finished */
  take(byte: number): boolean {
    if (ENTERS.includes(byte)) return true;
    if (byte === INTERRUPT || byte === END) {
      throw new Failure(EXIT.USAGE, {
        what: 'the ceremony was broken off at the terminal',
        todo: 'Start it again.',
      });
    }
    if (BACKSPACES.includes(byte)) {
      this.#length = Math.max(0, this.#length - 1);
    } else if (this.#length === MAX_LINE) {
      throw new Failure(EXIT.BAD_INPUT, {
        what: `the line is longer than ${MAX_LINE} characters`,
        todo: 'Start again.',
      });
    } else {
      this.#bytes[this.#length++] = byte;
    }
    return false;
  }

  text(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#length));
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
  }
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: 'there is no terminal to ask at',
      where: '/dev/tty',
      todo: 'Run it at a terminal, or give the answer by descriptor (--share fd:N, --passphrase-fd N).',
    });
  }
}

/** Shows `prompt` and returns the line that is typed, which is never shown. */
export async function askHidden(prompt: string): Promise<string> {
  const fd = openTerminal();
  const terminal = new ReadStream(fd);
  const line = new HiddenLine();
  terminal.setRawMode(true);
  writeSync(fd, prompt);
  try {
    for await (const chunk of terminal.iterator({ destroyOnReturn: false })) {
      if (takeChunk(line, chunk)) return line.text();
    }
    throw new Failure(EXIT.IO, {
      what: 'the terminal was closed',
      where: '/dev/tty',
      todo: 'Start it again.',
    });
  } finally {
    line.wipe();
    terminal.setRawMode(false);
    writeSync(fd, '\n');
    terminal.destroy();
  }
}

function takeChunk(line: HiddenLine, chunk: Uint8Array): boolean {
  try {
    return chunk.some((byte) => line.take(byte));
  } finally {
    chunk.fill(0);
  }
}
