import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
let dir = '';
let child: ChildProcess | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coldwire-devchain-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

/** Starts the program; resolves with its first line on stdout, or at its end. */
async function start(...args: string[]) {
  const started = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  const seen = { stdout: '', stderr: '' };
  started.stderr.on('data', (chunk) => {
    seen.stderr += chunk;
  });
  const exit = once(started, 'close').then(([code]) => code);
  const line = new Promise<void>((done) => {
    started.stdout.on('data', (chunk) => {
      seen.stdout += chunk;
      if (seen.stdout.includes('\n')) done();
    });
  });
  await Promise.race([line, exit]);
  return { seen, exit, pid: started.pid };
}

describe('coldwire-devchain run', () => {
  it('says what it is, prints one ready line, and leaves nothing when SIGTERM stops it', async () => {
    const { seen, exit, pid } = await start('run', '--dir', dir, '--port', '0', '--json');
    const ready = JSON.parse(seen.stdout);
    expect(ready).toEqual({
      event: 'ready',
      pid,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      cookie: join(dir, '.cookie'),
    });
    expect(existsSync(ready.cookie)).toBe(true);
    child?.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(existsSync(ready.cookie)).toBe(false);
    expect(seen.stderr).toContain('for demos and tests only');
  });

  it('names an occupied port and exits 5', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { seen, exit } = await start('run', '--dir', dir, '--port', String(address.port));
    expect(await exit).toBe(5);
    expect(seen.stderr).toMatch(new RegExp(`port is in use.*127\\.0\\.0\\.1:${address.port}`));
    blocker.close();
  });

  it.each([[['run']], [['run', '--dir', 'x', '--port', '99999']], [['walk']]])(
    'exits 2 for %j',
    async (args) => {
      expect(await (await start(...args)).exit).toBe(2);
    },
  );
});
