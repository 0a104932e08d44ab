import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { makeLasting, openPtyPair, openTty, type Port, type PtyPair } from '../src/index.ts';
import { exchange, Listener, until } from './traffic.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function makePair(): Promise<PtyPair> {
  const pair = await openPtyPair();
  cleanups.push(() => pair.close());
  return pair;
}

/** An adapter: a name that leads to whatever is plugged in. */
function makeSocket(): { readonly path: string; plug(terminal: string): void; pull(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'coldwire-lasting-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tty');
  return {
    path,
    plug(terminal) {
      symlinkSync(terminal, `${path}.new`);
      renameSync(`${path}.new`, path);
    },
    pull: () => rmSync(path),
  };
}

function open(path: string, events: string[], vet: () => void = () => {}): Port {
  const port = makeLasting(openTty(path, 115_200), {
    open: () => {
      vet();
      return openTty(path, 115_200);
    },
    onLost: (reason) => events.push(`lost: ${reason}`),
    onRefused: (reason) => events.push(`refused: ${reason}`),
    onBack: () => events.push('back'),
  });
  cleanups.push(() => port.close());
  return port;
}

it('a port whose adapter was pulled carries bytes again when one is plugged in, and says each thing once', async () => {
  const socket = makeSocket();
  const first = await makePair();
  socket.plug(first.left);
  const events: string[] = [];
  const port = open(socket.path, events);
  const before = openTty(first.right, 115_200);
  for (const [sent, came] of await exchange(port, before, 10_000)) expect(came).toBe(sent);
  await before.close();

  socket.pull();
  await first.close();
  // Longer than the first two pauses: several attempts, one line.
  await until(() => events.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(events).toEqual([
    expect.stringMatching(/^lost: .*tty/),
    expect.stringMatching(/^refused: cannot open .*there is no such file/),
  ]);
  expect(port.write(Uint8Array.of(1))).toBe(false);
  expect(port.pending()).toBe(0);

  const second = await makePair();
  socket.plug(second.left);
  await until(() => events.at(-1) === 'back');
  const after = openTty(second.right, 115_200);
  cleanups.push(() => after.close());
  for (const [sent, came] of await exchange(port, after, 10_000)) expect(came).toBe(sent);
  expect(events).toHaveLength(3);
});

it('a port that comes back as one that must not be used stays closed', async () => {
  const socket = makeSocket();
  const first = await makePair();
  socket.plug(first.left);
  const events: string[] = [];
  let fit = false;
  open(socket.path, events, () => {
    if (!fit) throw new Error('a console prints on it');
  }).onBytes(() => {});
  const second = await makePair();
  socket.plug(second.left);
  await first.close();
  await until(() => events.includes('refused: a console prints on it'));
  fit = true;
  await until(() => events.at(-1) === 'back');
});

it('a port that is closed while its device is away is not opened again', async () => {
  const socket = makeSocket();
  const first = await makePair();
  socket.plug(first.left);
  const events: string[] = [];
  const port = open(socket.path, events);
  new Listener(port);
  await first.close();
  await until(() => events.length === 1);
  const second = await makePair();
  socket.plug(second.left);
  await port.close();
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(events).toHaveLength(1);
  // Nobody has it open.
  await openTty(second.left, 115_200).close();
});
