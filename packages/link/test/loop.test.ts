import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { afterEach, describe, expect, it } from 'vitest';
import { measureLoop, openPtyPair, openTty } from '../src/index.ts';
import { Writer } from '../src/writer.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A port, and what stands at its other end: `answer` says what comes back for what came. */
async function makeLoop(answer: (bytes: Uint8Array) => Uint8Array) {
  const pair = await openPtyPair();
  cleanups.push(() => pair.close());
  const [port, far] = [openTty(pair.left, 115_200), openTty(pair.right, 115_200)];
  cleanups.push(() => Promise.all([port.close(), far.close()]));
  far.onBytes((bytes) => far.write(answer(bytes)));
  return port;
}

describe('a loop', () => {
  it('is clean when every value comes back', async () => {
    expect(await measureLoop(await makeLoop((bytes) => bytes), 60_000)).toEqual({ kind: 'clean' });
  });

  it('names the first value that comes back as another', async () => {
    const strip = (bytes: Uint8Array) => bytes.map((byte) => byte & 0x7f);
    const result = await measureLoop(await makeLoop(strip), 60_000);
    expect(result).toEqual({ kind: 'changed', sent: 0x80, came: 0 });
  });

  it('is silent when values are missing', async () => {
    const swallow = (bytes: Uint8Array) => bytes.filter((byte) => byte < 0xf0);
    expect(await measureLoop(await makeLoop(swallow), 2_000)).toEqual({ kind: 'silent', came: 0xf0 });
  });

  it('is not clean over a terminal that was left cooked', async () => {
    const pair = await openPtyPair();
    cleanups.push(() => pair.close());
    const port = openTty(pair.left, 115_200);
    cleanups.push(() => port.close());
    execFileSync('stty', ['-F', pair.right, 'sane', '-echo']);
    const [inFd, outFd] = [openSync(pair.right, 'r'), openSync(pair.right, 'w')];
    const reader = new ReadStream(inFd);
    const writer = new Writer(outFd, () => {});
    reader.on('data', (bytes) => writer.write(bytes));
    cleanups.push(() => {
      writer.stop();
      reader.destroy();
      closeSync(outFd);
    });
    expect((await measureLoop(port, 500)).kind).not.toBe('clean');
  });
});
