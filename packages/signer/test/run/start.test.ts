import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { openPtyPair } from '@coldwire/link';
import { decode, encode, SignedCharter, Status } from '@coldwire/protocol';
import { KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pause, until } from '../../../../test/world/processes.ts';
import { identity, seeded } from '../../../policy/test/world.ts';
import { materials } from '../signing-world.ts';
import { Rig, type StartOptions } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

/** Runs a start that must fail, to its end. */
function fail(
  options: StartOptions,
  block: Uint8Array = materials.A.block,
): { status: number | null; error: string } {
  const { command, args } = rig.commandOf(options);
  const quoted = [command, ...args].map((word) => `'${word}'`).join(' ');
  writeFileSync(rig.path('block'), block, { mode: 0o600 });
  // A shell's pipe, as the signer wants it: Node's own are sockets.
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `cat '${rig.path('block')}' | timeout -s KILL 90 ${quoted} > /dev/null 2> '${rig.path('err')}'`],
    {
      encoding: 'utf8',
      timeout: 100_000,
      env: { PATH: process.env['PATH'], HOME: '/' },
    },
  );
  expect(stderr).toBe('');
  return { status, error: readFileSync(rig.path('err'), 'utf8') };
}

/** One line that says what is wrong, and the exit code that the help documents. */
function expectFailure(options: StartOptions, status: number, text: RegExp, block?: Uint8Array): void {
  const outcome = fail(options, block);
  const lines = outcome.error.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect([outcome.status, lines.length, outcome.error]).toEqual([status, 1, expect.stringMatching(text)]);
}

describe('A start that cannot be good ends with one line and its code', () => {
  test('4 or 3: a charter that is none, or is not wholly signed', () => {
    const bad = rig.path('bad.cbor');
    writeFileSync(bad, Uint8Array.of(0xa0));
    expectFailure({ charter: bad }, 4, /not a charter file/);
    const signed = decode(SignedCharter, new Uint8Array(readFileSync(rig.charter)), 131_072);
    if (!signed.ok) throw new Error(signed.fault.detail);
    const [bytes, signatures] = signed.value;
    writeFileSync(bad, encode(SignedCharter, [bytes, signatures.slice(1)]));
    expectFailure({ charter: bad }, 3, /not in force/);
    writeFileSync(
      bad,
      encode(SignedCharter, [Uint8Array.from(bytes, (byte, i) => (i === 40 ? byte ^ 1 : byte)), signatures]),
    );
    expect([3, 4]).toContain(fail({ charter: bad }).status);
    expect(fail({ charter: rig.path('missing') }).status).toBe(6);
  });

  test('2: a name that is not in the charter, or a command line that is wrong', () => {
    expectFailure({ more: ['--signer', 'D'] }, 2, /no signer "D"/);
    expectFailure({ more: ['--vault', 'vault-9'] }, 2, /no vault "vault-9"/);
    expectFailure({ more: ['--key-fd', 'x'] }, 2, /--key-fd/);
    expectFailure({ line: [] }, 2, /no line/);
    expectFailure({ more: ['--stdio'] }, 2, /more than one line/);
  });

  test('4: another signer’s key, a damaged, short or long block', () => {
    const { block } = materials.A;
    expectFailure({}, 4, /KEY_BLOCK/, materials.B.block);
    expectFailure({}, 4, /KEY_BLOCK.*255 bytes/, block.subarray(0, 255));
    expectFailure({}, 4, /KEY_BLOCK.*more than/, Uint8Array.from([...block, 0]));
    expectFailure(
      {},
      4,
      /KEY_BLOCK.*checksum/,
      Uint8Array.from(block, (byte, i) => (i === 100 ? byte ^ 1 : byte)),
    );
    expectFailure({}, 4, /KEY_BLOCK.*0 bytes/, new Uint8Array(0));
  });

  test('5: a port that is missing, or no terminal; a descriptor that is not open', () => {
    expectFailure({ line: ['--port', rig.path('no-tty')] }, 5, /no-tty/);
    expectFailure({ line: ['--port', rig.charter] }, 5, /charter.cbor/);
    expectFailure({ line: ['--fifo', rig.path('down'), rig.path('nothing')] }, 5, /nothing/);
    expect(fail({ more: ['--key-fd', '77'] }).status).toBe(6);
  });

  test('5: a state directory that others may enter, one in use, one of another charter or signer', async () => {
    const open = rig.path('open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expectFailure({ state: open }, 5, /open/);
    await rig.start();
    expectFailure({ line: ['--fifo', rig.path('up'), rig.path('down')] }, 5, /another|process|in use|open/i);
    expect(rig.console('status').answer).toMatchObject({ state: 'unlocked' });
    await rig.close();
    const other = new Rig();
    try {
      const running = await other.start();
      await running.stop('SIGKILL');
      expect(existsSync(other.state)).toBe(true);
      rig = other;
      expectFailure({ signer: 'B' }, 5, /log of A, not of B/, materials.B.block);
    } finally {
      rig = other;
    }
  });

  test('2: a waiver that names nothing', () => {
    expectFailure({ more: ['--waive', 'nonsense'] }, 2, /nonsense/);
  });
});

/** A's block with another link identity, as a later charter may give it. */
function renewed(label: string): Uint8Array {
  const block = Uint8Array.from(materials.A.block);
  const { publicKey } = identity(label);
  block.set(seeded(label), KEY_BLOCK.identitySeed.at);
  block.set(publicKey, KEY_BLOCK.identityPublicKey.at);
  const sum = createHash('sha256').update(block.subarray(0, KEY_BLOCK.checksum.at)).digest();
  block.set(sum, KEY_BLOCK.checksum.at);
  return block;
}

test('A link key that the first charter does not give needs --joins, and the state directory is its from then on', async () => {
  const block = renewed('the new A');
  expectFailure({}, 4, /KEY_BLOCK.*link identity.*--joins/, block);
  const running = await rig.start({ block, more: ['--joins'] });
  const { answer } = rig.console('status');
  expect(answer).toMatchObject({ state: 'unlocked' });
  expect(JSON.stringify(answer)).toContain('no charter in force here gives A its key');
  await running.stop();
  expectFailure({}, 3, /whose key a later charter gives it.*--joins/, block);
  expectFailure({ more: ['--joins'] }, 4, /KEY_BLOCK.*state directory/, renewed('another A'));
  expectFailure({ more: ['--joins'] }, 4, /KEY_BLOCK.*state directory/, materials.A.block);
  await (await rig.start({ block, more: ['--joins'] })).stop();
});

const haveStrace = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((part) => existsSync(join(part, 'strace')));

test('What the caller’s environment says to Node is not heard', async () => {
  const signer = await rig.start({ wrapper: ['env', 'NODE_OPTIONS=--inspect=0'] });
  expect(signer.log()).not.toContain('Debugger');
  expect(readFileSync(`/proc/${signer.pid}/environ`, 'utf8')).not.toContain('NODE_OPTIONS');
});

describe('Lines of every kind', () => {
  test('a terminal: ready, unsealed, answering, and no network system call in a whole session', async () => {
    const pair = await openPtyPair();
    try {
      const trace = rig.path('trace');
      const wrapper = haveStrace ? ['strace', '-f', '-e', 'trace=%network', '-o', trace] : [];
      const more = haveStrace ? ['--waive', 'tracer'] : [];
      const signer = await rig.start({ line: ['--port', pair.right], wrapper, more });
      rig.connect(pair.left);
      await rig.reach('ready');
      const coins = await rig.fund([20_000_000n, 20_000_000n]);
      expect((await rig.ask('SIGN', rig.payment('one', coins))).type).toBe('SIGNED');
      signer.signal('SIGUSR1');
      expect(rig.console('lock').answer).toEqual({ state: 'locked' });
      await rig.reach('locked');
      await signer.stop('SIGTERM');
      if (haveStrace) expect(networkCalls(trace)).toEqual([]);
    } finally {
      await rig.disconnect();
      await pair.close();
    }
  }, 90_000);

  test('a shell’s pipes, with the key through a descriptor of its own: no network system call either', async () => {
    const trace = rig.path('trace');
    const wrapper = haveStrace ? ['strace', '-f', '-e', 'trace=%network', '-o', trace] : [];
    const waiver = haveStrace ? ['--waive', 'tracer'] : [];
    writeFileSync(rig.path('block'), materials.A.block, { mode: 0o600 });
    const { command, args } = rig.commandOf({
      line: ['--stdio'],
      wrapper,
      more: [...waiver, '--key-fd', '3'],
    });
    const words = [command, ...args].map((word) => `'${word}'`).join(' ');
    const log = openSync(rig.path('log'), 'w');
    const text = `cat '${rig.path('down')}' | ${words} 3< '${rig.path('block')}' | cat > '${rig.path('up')}'`;
    const child = spawn('sh', ['-c', text], {
      stdio: ['ignore', 'ignore', log],
      env: { PATH: process.env['PATH'], HOME: '/' },
      detached: true,
    });
    closeSync(log);
    try {
      rig.connect();
      await rig.reach('ready');
      const coins = await rig.fund([20_000_000n]);
      expect((await rig.ask('SIGN', rig.payment('one', coins))).type).toBe('SIGNED');
      const pid = Number(/"pid":(\d+)/.exec(readFileSync(rig.path('log'), 'utf8'))?.[1]);
      process.kill(pid, 'SIGTERM');
      await until('the end', () => (existsSync(`/proc/${pid}`) ? undefined : true));
      if (haveStrace) expect(networkCalls(trace)).toEqual([]);
    } finally {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    }
  }, 90_000);
});

/** The lines of a trace that are not a signal or a process ending. */
function networkCalls(trace: string): string[] {
  const lines = readFileSync(trace, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !/^\d+ +(\+\+\+|---) /.test(line));
}

const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)('A full disk', () => {
  test('loses nothing, releases nothing, and says so; with room again everything goes on', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'coldwire-disk-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=0700', 'tmpfs', disk], {
      stdio: 'ignore',
    });
    if (mounted.status !== 0) {
      rmSync(disk, { recursive: true });
      console.log('skipped: this machine does not let us mount a tmpfs');
      return;
    }
    try {
      const signer = await rig.start({ state: disk });
      await rig.reach('ready');
      const coins = await rig.fund([20_000_000n, 20_000_000n]);
      const filler = join(disk, 'filler');
      const free = spawnSync('sh', ['-c', `cat /dev/zero > '${filler}'`], { stdio: 'ignore' });
      expect(free.status).not.toBe(0);
      const id = new Uint8Array(16).fill(3);
      // The last page of the log still takes a few messages.
      const flood = Array.from({ length: 40 }, () => rig.ask('STATUS', encode(Status, {})));
      await until('an alarm', () => (/"alarm"|ENOSPC|no space/i.test(signer.log()) ? true : undefined));
      const asked = rig.ask('SIGN', rig.payment('one', coins), id);
      await pause(300);
      truncateSync(filler, 0);
      rmSync(filler);
      // A signer that ends must be unsealed by people.
      expect(existsSync(`/proc/${signer.pid}`)).toBe(true);
      const reply = await asked;
      expect(reply.type).toBe('SIGNED');
      expect((await Promise.all(flood)).every(({ type }) => type === 'STATE')).toBe(true);
      await signer.stop('SIGKILL');
      const again = await rig.start({ state: disk });
      expect((await rig.ask('SIGN', rig.payment('one', coins), id)).body).toEqual(reply.body);
      await again.stop('SIGTERM');
    } finally {
      await rig.close();
      spawnSync('umount', ['-l', disk], { stdio: 'ignore' });
      rmSync(disk, { recursive: true, force: true });
    }
  }, 90_000);
});

describe('Without --signer', () => {
  test('a first start is whose key block it gets, and later ones whose state it is', async () => {
    const first = await rig.start({ signer: 'B', named: false });
    expect(rig.console('status').answer).toMatchObject({ signer: 'B', state: 'unlocked' });
    await first.stop();
    const second = await rig.start({ named: false, block: null });
    expect(rig.console('status').answer).toMatchObject({ signer: 'B', state: 'locked' });
    await second.stop();
    expectFailure({ named: false }, 4, /KEY_BLOCK/, materials.A.block);
  });

  test('2: a first start without a key block does not know who it is', () => {
    expectFailure({ named: false, block: null }, 2, /nothing says which signer/);
  });

  test('4: a key block of no signer of the charter opens nothing', () => {
    const foreign = Uint8Array.from(materials.A.block);
    foreign[16] = (foreign[16] ?? 0) ^ 1;
    expectFailure({ named: false }, 4, /KEY_BLOCK/, foreign);
    expect(existsSync(join(rig.state, 'evidence-000000.cborseq'))).toBe(false);
  });
});
