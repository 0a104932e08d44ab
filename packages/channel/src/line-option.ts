/**
 * How a program's command line names its line, and opening it: a serial port, two FIFOs, or a shell's pipes.
 * Refuses none, more than one, and a line that cannot be opened, each with what to do.
 */
import { type LastingOwner, makeLasting, openFifo, openStdio, openTty, type Port } from '@coldwire/link';
import { EXIT, Failure } from '@coldwire/program';

export type LineOption =
  | { readonly kind: 'tty'; readonly path: string; readonly baud: number }
  | { readonly kind: 'fifo'; readonly input: string; readonly output: string }
  | { readonly kind: 'stdio' };

/** What commander gives for the flags below. */
export interface LineFlags {
  readonly port?: string;
  readonly baud: string;
  readonly fifo?: readonly string[];
  readonly stdio?: true;
}

/** Flags, texts and defaults, in the order of commander's `option`. */
export const LINE_FLAGS: readonly (readonly [flags: string, text: string, fallback?: string])[] = [
  ['--port <tty>', 'serial port or pseudo-terminal'],
  ['--baud <n>', 'its speed, bits a second', '115200'],
  ['--fifo <in-out...>', 'two FIFOs: one to read, one to write'],
  ['--stdio', 'standard input and output: a shell’s pipes or a terminal'],
];

function usage(what: string): Failure {
  return new Failure(EXIT.USAGE, { what, todo: 'Give one of --port TTY, --fifo IN OUT, --stdio.' });
}

/** @throws Failure (USAGE) */
export function readLineFlags({ port, baud, fifo, stdio }: LineFlags): LineOption {
  const given = [port, fifo, stdio].filter((flag) => flag !== undefined).length;
  if (given !== 1) throw usage(given === 0 ? 'no line is named' : 'more than one line is named');
  if (stdio === true) return { kind: 'stdio' };
  if (port !== undefined) {
    const speed = Number(baud);
    if (!Number.isSafeInteger(speed) || speed <= 0) throw usage('--baud must be a whole number above zero');
    return { kind: 'tty', path: port, baud: speed };
  }
  const [input, output, ...more] = fifo ?? [];
  if (input === undefined || output === undefined || more.length > 0) throw usage('--fifo takes two paths');
  return { kind: 'fifo', input, output };
}

/** Bits a second that the link counts on; 0 where the line has no speed of its own. */
export function speedOf(line: LineOption): number {
  return line.kind === 'tty' ? line.baud : 0;
}

/** @throws Failure (ENVIRONMENT) saying what is wrong with the line */
export function openLine(line: LineOption): Port {
  try {
    if (line.kind === 'tty') return openTty(line.path, line.baud);
    return line.kind === 'fifo' ? openFifo(line.input, line.output) : openStdio();
  } catch (error) {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: error instanceof Error ? error.message.replace(/\.$/, '') : 'the line cannot be opened',
      where: line.kind === 'tty' ? line.path : line.kind,
      todo: 'Mend the line and start again.',
    });
  }
}

/**
 * As `openLine`; a serial port that goes away later is opened again when it comes back. FIFOs do not go away, and what a
 * shell has opened only the shell can open again.
 * @param vet judges the port before it is opened again @throws Failure (ENVIRONMENT) if it cannot be opened now
 */
export function openLastingLine(
  line: LineOption,
  owner: Omit<LastingOwner, 'open'> & { readonly vet?: () => void },
): Port {
  const port = openLine(line);
  if (line.kind !== 'tty') return port;
  const open = (): Port => {
    owner.vet?.();
    return openTty(line.path, line.baud);
  };
  return makeLasting(port, { ...owner, open });
}
