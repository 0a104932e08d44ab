/**
 * Unsealing a signer that runs: a FIFO `key` in the state directory, made for this one time. The ceremony process writes
 * the key block into it; here it goes straight into locked memory. The line goes on meanwhile, answering LOCKED.
 */
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { EXIT, Failure } from '@coldwire/program';
import type { ExpectedKeys } from '../io/key-block.ts';
import { awaitKeyMemory, type KeyMemory } from '../io/key-memory.ts';
import type { Natives } from '../io/native.ts';
import { makeFifo } from './console.ts';

/** How long people have for a ceremony before the FIFO goes away again. */
export const CEREMONY_MS = 10 * 60 * 1000;

/** @throws Failure if nobody writes in time, or what is written is not this signer's key block */
export async function receiveKey(natives: Natives, path: string, expected: ExpectedKeys): Promise<KeyMemory> {
  makeFifo(path);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    // Opening the other end lets the wait below come to its end. RDWR: without a reader a writer could not open.
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  }, CEREMONY_MS);
  try {
    // Waits in a thread of its own until the ceremony opens its end.
    const handle = await open(path, constants.O_RDONLY);
    try {
      if (late) throw lateFailure(path);
      return await awaitKeyMemory(natives, handle.fd, expected);
    } finally {
      await handle.close();
    }
  } finally {
    clearTimeout(timer);
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
