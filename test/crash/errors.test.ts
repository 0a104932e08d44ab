/**
 * What people do wrong at a machine, or a machine runs out of: one clear line that names the place and says what to do, the
 * documented exit code, and nothing begun. Wrong shares are in packages/custody/test/commands, signers in packages/signer/test.
 */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { openPtyPair, openTty, type PtyPair } from '@coldwire/link';
import { decode, encode, SignedCharter } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Deployment, makeDeployment } from '../world/charter.ts';
import { launcher } from '../world/processes.ts';

let directory: string;
let mine: Deployment;
let chain: Devchain;
let line: PtyPair;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-errors-'));
  for (const name of ['mine', 'other']) mkdirSync(join(directory, name));
  mine = await makeDeployment(join(directory, 'mine'));
  const other = await makeDeployment(join(directory, 'other'));
  copyFileSync(other.charterFile, join(directory, 'mine/other.cbor'));
  copyFileSync(join(directory, 'other/gate-1.key'), join(directory, 'mine/stranger.key'));
  const whole = readFileSync(mine.charterFile);
  writeFileSync(join(directory, 'mine/cut.cbor'), whole.subarray(0, -1));
  const signed = decode(SignedCharter, whole, whole.length);
  if (!signed.ok) throw new Error('our charter is damaged');
  const [bytes, signatures] = signed.value;
  writeFileSync(join(directory, 'mine/unsigned.cbor'), encode(SignedCharter, [bytes, signatures.slice(1)]));
  writeFileSync(join(directory, 'mine/garbage.key'), 'no key at all\n', { mode: 0o600 });
  chain = await startDevchain({ dir: join(directory, 'chain') });
  line = await openPtyPair();
}, 120_000);

afterAll(async () => {
  await chain.stop();
  await line.close();
  rmSync(directory, { recursive: true, force: true });
});

type Program = 'vault' | 'gate' | 'screen';
interface Wrong {
  readonly charter?: string;
  readonly key?: string;
  readonly more?: readonly string[];
  readonly listen?: string;
}

/** As people start it, in the directory where all files lie; `state` is where it may write. */
function start(
  program: Program,
  { charter = 'charter.cbor', key, more = [], listen = '127.0.0.1:0' }: Wrong,
) {
  const files = ['--charter', charter, '--key', key ?? `${program}-1.key`, '--state', 'state'];
  const node = ['--chain', chain.url, '--chain-cookie', chain.cookieFile];
  const own = {
    vault: ['serve', ...node, '--listen', listen],
    gate: ['run', '--gate', 'gate-1', '--port', line.right],
    screen: ['run', '--listen', listen],
  }[program];
  return run(program, [...own, ...files, ...more]);
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The node runs in this process: nothing here may block. */
function run(program: string, args: readonly string[]): Promise<Ended> {
  const cwd = join(directory, 'mine');
  const child = spawn(launcher(program), [...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** One line, with its place, and a sentence that begins with what to do. */
function expectLine(ended: Ended, status: number, text: string): void {
  expect(ended.stderr).toContain(text);
  expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  expect(ended.stderr.trim()).toMatch(/\. [A-Z][^.]+\.$|\. [A-Z].*\.$/);
  expect(ended).toMatchObject({ status, stdout: '' });
  expect(existsSync(join(directory, 'mine/state'))).toBe(false);
}

const PROGRAMS: readonly Program[] = ['vault', 'gate', 'screen'];

describe.each(PROGRAMS)('coldwire-%s does not start', (program) => {
  test('without its charter', async () => {
    expectLine(
      await start(program, { charter: 'none.cbor' }),
      6,
      'no such file or directory (ENOENT) (open none.cbor)',
    );
  });

  test('with a charter that is cut short', async () => {
    expectLine(await start(program, { charter: 'cut.cbor' }), 4, 'not a charter file');
  });

  test('with a charter that a custodian has not signed', async () => {
    const status = { vault: 3, gate: 4, screen: 4 }[program];
    expectLine(await start(program, { charter: 'unsigned.cbor' }), status, 'alice');
  });

  test("with another deployment's charter", async () => {
    const ended = await start(program, { charter: 'other.cbor' });
    expectLine(
      ended,
      4,
      { vault: "charter's vaults", gate: 'gives to gate-1', screen: 'other.cbor' }[program],
    );
  });

  test('without its key', async () => {
    expectLine(
      await start(program, { key: 'none.key' }),
      6,
      'no such file or directory (ENOENT) (open none.key)',
    );
  });

  test('with the key of another role', async () => {
    expectLine(
      await start(program, { key: 'exchange.key' }),
      4,
      `it is not the key of a ${program} (exchange.key)`,
    );
  });

  test('with a file that is no key', async () => {
    expectLine(await start(program, { key: 'garbage.key' }), 4, '(garbage.key)');
  });
});

test.each([
  ['gate', 'gate-2.key', 'the key is not the one that the charter gives to gate-1'],
  ['gate', 'stranger.key', 'the key is not the one that the charter gives to gate-1'],
] as const)('coldwire-%s does not start with the key of another one (%s)', async (program, key, text) => {
  expectLine(await start(program, { key }), 4, text);
});

test.each(['vault', 'screen'] as const)('coldwire-%s says when its port is taken', async (program) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { status, stderr } = await start(program, { listen: `127.0.0.1:${port}` });
  server.close();
  rmSync(join(directory, 'mine/state'), { recursive: true, force: true });
  expect(stderr.trim().split('\n').at(-1)).toContain('the port is in use (EADDRINUSE)');
  expect(stderr).toContain('Stop the program that listens there, or choose another port.');
  expect(status).toBe(5);
});

test('coldwire-gate says which program has its line', async () => {
  const holder = openTty(line.right, 115_200);
  const ended = await start('gate', {});
  await holder.close();
  expectLine(ended, 5, 'is in use by');
  expect(ended.stderr).toContain(`(process ${process.pid})`);
});

test('coldwire-gate says when its line is not there', async () => {
  expectLine(await start('gate', { more: ['--port', '/dev/ttyNONE9'] }), 5, '/dev/ttyNONE9');
});

test('coldwire-vault says when its node does not answer, and when it is given none of its credentials', async () => {
  const gone = await start('vault', { more: ['--chain', 'http://127.0.0.1:9'] });
  expect(gone.status).toBe(6);
  expect(gone.stderr).toContain('Start the node, or check --chain and its credentials.');
  rmSync(join(directory, 'mine/state'), { recursive: true, force: true });
  const blind = await start('vault', { more: ['--chain-cookie', 'none.cookie'] });
  expect(blind.status).toBe(6);
  expect(blind.stderr).toContain('none.cookie');
  rmSync(join(directory, 'mine/state'), { recursive: true, force: true });
});

describe('coldwire-charter', () => {
  const cases: readonly (readonly [string, readonly string[], number, string])[] = [
    ['show: a missing file', ['show', 'none.cbor'], 6, 'no such file or directory (ENOENT) (open none.cbor)'],
    ['show: a cut file', ['show', 'cut.cbor'], 4, 'cut.cbor'],
    ['verify: a missing signature', ['verify', 'unsigned.cbor'], 3, 'the signature of alice is missing'],
    ['build: no TOML', ['build', 'charter.cbor', '--out', 'new.cbor'], 4, 'charter.cbor'],
    ['build: a missing file', ['build', 'none.toml', '--out', 'new.cbor'], 6, 'open none.toml'],
    [
      'sign: the key of another role',
      ['sign', 'unsigned.cbor', '--as', 'alice', '--key', 'exchange.key'],
      4,
      'it is not the key of a custodian',
    ],
    [
      'sign: a missing key',
      ['sign', 'unsigned.cbor', '--as', 'alice', '--key', 'none.key'],
      6,
      'open none.key',
    ],
    [
      'key: an existing file',
      ['key', 'vault', '--out', 'vault-1.key'],
      4,
      'nothing is ever overwritten (EEXIST) (open vault-1.key)',
    ],
    ['key: an unknown role', ['key', 'king', '--out', 'new.key'], 2, 'king'],
  ];

  test.each(cases)('%s', async (_name, args, status, text) => {
    const cwd = join(directory, 'mine');
    const before = ['unsigned.cbor', 'vault-1.key'].map((name) => readFileSync(join(cwd, name), 'hex'));
    const ended = await run('charter', args);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.status).toBe(status);
    expect(['unsigned.cbor', 'vault-1.key'].map((name) => readFileSync(join(cwd, name), 'hex'))).toEqual(
      before,
    );
    for (const made of ['new.cbor', 'new.key']) expect(existsSync(join(cwd, made))).toBe(false);
  });
});
