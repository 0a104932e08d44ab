/**
 * Unsealing a signer that runs: a FIFO `key` in the state directory, made for this one time. The ceremony process writes
 * the key block into it; here it goes straight into locked memory. The line goes on meanwhile, answering LOCKED.
 */
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import type { WantedKeys } from '../io/key-block.ts';
import { awaitKeyMemory, type KeyMemory } from '../io/key-memory.ts';
import type { Natives } from '../io/native.ts';
import { makeFifo } from './console.ts';

/** How long people have for a ceremony before the FIFO goes away again. */
export const CEREMONY_MS = 10 * 60 * 1000;

/** @throws Failure if nobody writes in time, or what is written is not this signer's key block */
export async function receiveKey(natives: Natives, path: string, expected: WantedKeys): Promise<KeyMemory> {
  makeFifo(path);
  const end = performance.now() + CEREMONY_MS;
  // Non-blocking: a thread that waits in open(2) or read(2) would keep the process from ending.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const keys = await awaitKeyMemory(natives, fd, expected, () => performance.now() > end);
    if (keys === null) throw lateFailure(path);
    return keys;
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
}

function lateFailure(path: string): Failure {
  return new Failure(EXIT.IO, {
    what: 'no key block came within ten minutes',
    where: path,
    todo: 'Gather two custodians, then start coldwire-signer unseal again.',
  });
}
