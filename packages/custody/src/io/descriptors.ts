/**
 * File descriptors through which secrets pass. A key block goes through a FIFO (a shell pipe) and through nothing else: on
 * a terminal it would be seen, in a file it would stay, and a signer refuses sockets.
 * Spec: protocol-spec/8-custody.md, "Ways of secrets".
 */
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';

export function assertPipe(fd: number, option: string): void {
  const where = `${option} ${fd}`;
  let isFifo: boolean;
  try {
    isFifo = fstatSync(fd).isFIFO();
  } catch {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: 'no such file descriptor is open',
      where,
      todo: 'Connect a pipe to it.',
    });
  }
  if (isFifo) return;
  throw new Failure(EXIT.ENVIRONMENT, {
    what: 'it is not a pipe, and a key goes through a pipe only',
    where,
    todo: 'Use: coldwire-custody unseal … | coldwire-signer run --key-fd 0 …',
  });
}

/** Writes all bytes, then closes. */
export function writeAndClose(fd: number, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.length - done;
      done += retry(() => writeSync(fd, bytes, done, rest));
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads up to the end.
 * @throws Failure if there are more than `limit` bytes
 */
export function readToEnd(fd: number, limit: number, where: string): Uint8Array {
  const buffer = new Uint8Array(limit + 1);
  let length = 0;
  for (;;) {
    const free = buffer.length - length;
    const got = retry(() => readSync(fd, buffer, length, free, null));
    length += got;
    if (length > limit) {
      buffer.fill(0);
      throw new Failure(EXIT.BAD_INPUT, {
        what: `it is larger than ${limit} bytes`,
        where,
        todo: 'Give the right file.',
      });
    }
    if (got === 0) break;
  }
  const bytes = buffer.slice(0, length);
  buffer.fill(0);
  return bytes;
}

const RETRY_MS = 5;

/**
 * Repeats a call while the pipe is not ready. Node makes pipes at 0, 1 and 2 non-blocking as soon as anything looks at
 * process.stdin, stdout or stderr; importing node:process does.
 */
function retry(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
