import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_FRAME, MAX_PAYLOAD } from '@coldwire/protocol/frame/index.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { attachLink, type Link, openFifo, openPtyPair, openTty, type Port } from '../src/index.ts';
import { until } from './traffic.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Station = { link: Link; events: string[]; received: Uint8Array[]; length: number; outbox: Uint8Array };

/** A program at one end of a line: sends its outbox as the link takes it, keeps what comes. */
function station(
  port: Port,
  role: 'initiator' | 'responder',
  baud: number,
  outbox = new Uint8Array(0),
): Station {
  const self: Omit<Station, 'link'> = { events: [], received: [], length: 0, outbox };
  let link: Link | undefined;
  link = attachLink(port, {
    role,
    baud,
    timing: { lockedRetry: 300 },
    nextNonce: () => randomBytes(16),
    resume: () => new TextEncoder().encode(role),
    onUp: (resume) => self.events.push(`up ${new TextDecoder().decode(resume)}`),
    onDown: (reason) => self.events.push(`down ${reason}`),
    onLocked: () => self.events.push('locked'),
    onBytes: (bytes) => {
      self.received.push(bytes);
      self.length += bytes.length;
    },
    onRoom: () => {
      const part = self.outbox.subarray(0, link?.sendable() ?? 0);
      self.outbox = self.outbox.subarray(part.length);
      if (part.length > 0) link?.send(part);
    },
    onEnd: (error) => self.events.push(`end ${error?.message ?? ''}`),
  });
  const made = Object.assign(self, { link });
  cleanups.push(() => made.link.stop());
  return made;
}

const digest = (parts: Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

async function makePtys(baud: number): Promise<[Port, Port]> {
  const pair = await openPtyPair({ baud });
  cleanups.push(() => pair.close());
  return [openTty(pair.left, 115_200), openTty(pair.right, 115_200)];
}

describe('a link on real ports', () => {
  // What depends on the speed of the machine may be tried again: a busy one resends, and fills no line.
  it('carries a megabyte both ways over a pty without sending anything twice', { retry: 5 }, async () => {
    const [left, right] = await makePtys(0);
    const [out, back] = [randomBytes(1_000_000), randomBytes(1_000_000)];
    const b = station(right, 'responder', 0, back);
    const a = station(left, 'initiator', 0, out);
    await until(() => a.length >= back.length && b.length >= out.length);
    expect(digest(b.received)).toBe(digest([out]));
    expect(digest(a.received)).toBe(digest([back]));
    expect([a.events, b.events]).toEqual([['up responder'], ['up initiator']]);
    expect([a.link.counts().resent, b.link.counts().resent]).toEqual([0, 0]);
  });

  it('fills a line of 115,200 baud with at least 10,000 bytes of messages a second', {
    retry: 5,
  }, async () => {
    const [left, right] = await makePtys(115_200);
    const out = randomBytes(33_000);
    const b = station(right, 'responder', 115_200);
    const a = station(left, 'initiator', 115_200);
    await until(() => a.events.length === 1 && b.events.length === 1);
    const began = performance.now();
    a.outbox = out;
    a.link.send(new Uint8Array(0));
    await until(() => b.length >= out.length);
    const rate = out.length / ((performance.now() - began) / 1000);
    // 11,045 on an idle machine; the relay makes up for only some of what a busy one costs it.
    expect(rate).toBeGreaterThan(10_000);
    expect(rate).toBeLessThan((11_520 * MAX_PAYLOAD) / MAX_FRAME + 250);
    expect(a.link.counts().resent).toBe(0);
  });

  it('carries bytes over FIFOs, and again when either program was started anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldwire-link-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const [there, back] = [join(folder, 'there'), join(folder, 'back')];
    execFileSync('mkfifo', ['-m', '600', there, back]);
    const payload = randomBytes(50_000);
    let a = station(openFifo(back, there), 'initiator', 0, payload);
    let b = station(openFifo(there, back), 'responder', 0, payload);
    await until(() => a.length >= 50_000 && b.length >= 50_000);
    await b.link.stop();
    b = station(openFifo(there, back), 'responder', 0, payload);
    a.received.length = a.length = 0;
    a.outbox = payload;
    await until(() => a.length >= 50_000 && b.length >= 50_000);
    await a.link.stop();
    b.received.length = b.length = 0;
    b.outbox = payload;
    a = station(openFifo(back, there), 'initiator', 0, payload);
    await until(() => a.length >= 50_000 && b.length >= 50_000);
    expect([digest(a.received), digest(b.received)]).toEqual([digest([payload]), digest([payload])]);
    expect(b.events.length).toBe(3);
  });

  it('goes down when the responder locks, says so, and comes up when it unlocks', async () => {
    const [left, right] = await makePtys(0);
    const b = station(right, 'responder', 0);
    const a = station(left, 'initiator', 0);
    await until(() => a.events.length === 1 && b.events.length === 1);
    b.link.lock(true);
    await until(() => a.events.includes('locked'));
    b.link.lock(false);
    await until(() => a.events.length === 4 && b.events.length === 3);
    expect(a.events).toEqual([
      'up responder',
      'down the peer ended the connection',
      'locked',
      'up responder',
    ]);
    expect(b.events).toEqual(['up initiator', 'down locked', 'up initiator']);
  });

  it('tells its owner when the port is gone', async () => {
    const pair = await openPtyPair();
    const a = station(openTty(pair.left, 115_200), 'initiator', 0);
    await pair.close();
    await until(() => a.events.some((event) => event.startsWith('end')));
  });
});

const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

describe('a link in a signer', () => {
  it.runIf(hasStrace)(
    'makes no network system call, on a tty and on FIFOs',
    { timeout: 120_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'coldwire-link-'));
      cleanups.push(() => rmSync(folder, { recursive: true }));
      const [there, back, trace] = [join(folder, 'there'), join(folder, 'back'), join(folder, 'trace')];
      execFileSync('mkfifo', ['-m', '600', there, back]);
      const pair = await openPtyPair();
      cleanups.push(() => pair.close());
      const program = `
      import { attachLink, openTty, openFifo } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
      const run = (port) => new Promise((resolve) => {
        const link = attachLink(port, { role: 'responder', baud: 0, nextNonce: () => new Uint8Array(16),
          resume: () => new Uint8Array(0), onUp() {}, onLocked() {}, onRoom() {}, onEnd() {},
          onBytes(bytes) { link.send(bytes); if (bytes.length < 512) setTimeout(() => link.stop().then(resolve), 50); },
          onDown() {} });
      });
      await Promise.all([run(openTty(${JSON.stringify(pair.left)}, 115200)), run(openFifo(${JSON.stringify(there)}, ${JSON.stringify(back)}))]);
      console.error('done');`;
      const overTty = station(openTty(pair.right, 115_200), 'initiator', 0, randomBytes(10_000));
      const overFifo = station(openFifo(back, there), 'initiator', 0, randomBytes(10_000));
      const node = [process.execPath, '--input-type=module', '-e', program];
      const { promise, resolve } = Promise.withResolvers<string>();
      const errors = join(folder, 'errors');
      // Files and /dev/null for stdio: Node's own pipes would be sockets before the program says a word.
      const child = spawn(
        'sh',
        ['-c', 'exec strace -f -e trace=%network -o "$0" "$@" 2>"$ERRORS"', trace, ...node],
        {
          stdio: 'ignore',
          env: { ...process.env, ERRORS: errors },
        },
      );
      child.once('exit', () => resolve(readFileSync(errors, 'utf8')));
      expect(await promise).toBe('done\n');
      const lines = readFileSync(trace, 'utf8').split('\n');
      expect(lines.filter((line) => line.includes('exited with 0')).length).toBeGreaterThan(1);
      expect(lines.filter((line) => /\w\(/.test(line))).toEqual([]);
      expect([overTty.length, overFifo.length]).toEqual([10_000, 10_000]);
    },
  );
});
