import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openPtyPair } from '../src/index.ts';
import { until } from './traffic.ts';

describe('a pair of joined terminals', () => {
  it('is gone when it is closed, twice or once', async () => {
    const pair = await openPtyPair();
    expect([pair.left, pair.right].map((path) => existsSync(path))).toEqual([true, true]);
    await Promise.all([pair.close(), pair.close()]);
    await pair.close();
    expect([pair.left, pair.right].map((path) => existsSync(path))).toEqual([false, false]);
  });

  it('is gone when its parent was killed', async () => {
    const module = new URL('../src/pty-pair.ts', import.meta.url).href;
    const program = `
      import { openPtyPair } from ${JSON.stringify(module)};
      const pair = await openPtyPair();
      process.stdout.write(pair.left + ' ' + pair.right + '\\n');
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program]);
    let text = '';
    parent.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await until(() => text.endsWith('\n'));
    const paths = text.trim().split(' ');
    expect(paths.map((path) => existsSync(path))).toEqual([true, true]);
    parent.kill('SIGKILL');
    await until(() => paths.every((path) => !existsSync(path)));
  });
});
