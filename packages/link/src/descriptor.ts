/**
 * A port over open file descriptors: one read through libuv's poll, one written by `Writer`. Refuses sockets: a process
 * that is to make no network call cannot use one. Spec: protocol-spec/2-link.md, "Ports".
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import type { Port } from './port.ts';
import { Writer } from './writer.ts';

export const OPEN_FLAGS = constants.O_NOCTTY | constants.O_NONBLOCK;

export type DescriptorKind = 'tty' | 'pipe';

/** @throws Error if the descriptor is neither a terminal nor a pipe or FIFO, in words for an operator */
export function classify(fd: number, name: string): DescriptorKind {
  const stats = statOpen(fd, name);
  if (stats.isFIFO()) return 'pipe';
  if (stats.isCharacterDevice()) return 'tty';
  const what = stats.isSocket() ? 'a socket' : stats.isFile() ? 'a file' : 'neither a terminal nor a pipe';
  const hint = stats.isSocket()
    ? ' A parent that is a Node program passes sockets for "pipe"; pass a FIFO or a tty.'
    : '';
  throw new Error(`${name} is ${what}; the line must be a serial port, a FIFO or a shell's pipe.${hint}`);
}

function statOpen(fd: number, name: string): Stats {
  try {
    return fstatSync(fd);
  } catch {
    throw new Error(
      `${name} is not open; give a serial port (--port), FIFOs (--fifo) or a shell's pipes (--stdio).`,
    );
  }
}

/** Both descriptors must not block and become the port's: it closes them. They may not be the same one. */
export function openDescriptors(options: {
  readonly name: string;
  readonly kind: DescriptorKind;
  readonly inFd: number;
  readonly outFd: number;
  readonly onClosed?: () => void;
}): Port {
  const { name, kind, inFd, outFd, onClosed } = options;
  let ended = false;
  let takeEnd: (error: Error | undefined) => void = () => {};
  const end = (error: Error | undefined) => {
    if (ended) return;
    ended = true;
    takeEnd(error === undefined ? undefined : new Error(`${name}: ${error.message}`, { cause: error }));
  };
  const writer = new Writer(outFd, end);
  // A socket object only by name: on a pipe libuv reads with read(2), and nothing here ever asks it for a shutdown.
  const reader =
    kind === 'tty' ? new ReadStream(inFd) : new Socket({ fd: inFd, readable: true, writable: false });
  reader.on('error', end);
  reader.on('end', () => end(undefined));
  let closing: Promise<void> | undefined;
  const letGo = async () => {
    if (!ended) await writer.finish();
    ended = true;
    writer.stop();
    await closeReader(reader);
    closeSync(outFd);
    onClosed?.();
  };
  return {
    describe: () => name,
    onBytes: (take) => void reader.on('data', (bytes) => take(bytes)),
    onEnd: (take) => {
      takeEnd = take;
    },
    onDrain: (take) => {
      writer.onDrain = take;
    },
    write: (bytes) => !ended && writer.write(bytes),
    pending: () => writer.pending,
    close() {
      closing ??= letGo();
      return closing;
    },
  };
}

function closeReader(reader: Socket): Promise<void> {
  if (reader.closed) return Promise.resolve();
  return new Promise((resolve) => {
    reader.once('close', () => resolve());
    reader.destroy();
  });
}

/** A second open of what a descriptor leads to, with flags of its own: the first one's are shared with other processes. */
export function openAgain(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags | OPEN_FLAGS);
}
