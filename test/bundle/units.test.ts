/**
 * The units: known to systemd, exposing little by its own measure, and no more than the signer and the gate can live with: both
 * run here under what a unit sets, as far as that can be had without systemd as process 1. Not run: the cgroup's device, memory
 * and address rules, and the settings that only hide parts of the file system.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPtyPair } from '@coldwire/link';
import { encode, Status, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../packages/policy/test/world.ts';
import { Rig } from '../../packages/signer/test/run/rig.ts';
import { gateSecret, materials } from '../../packages/signer/test/signing-world.ts';
import { type Edition, writeBundle } from '../../scripts/bundle/assemble.ts';
import { start } from '../world/processes.ts';
import { WAIVE_HOST } from '../world/waivers.ts';
import { REPOSITORY } from './installed.ts';
import { allowedCalls, readNumbers, valuesOf } from './unit-file.ts';

const UNITS = [
  ['isolated', 'coldwire-signer@.service', 10],
  ['isolated', 'coldwire-gate@.service', 10],
  ['online', 'coldwire-vault.service', 16],
  ['online', 'coldwire-screen.service', 10],
] as const;
/** Bytes that may be locked: half of what the unit gives, since not every machine for tests may give more. */
const LOCKED = 8 * 1024 * 1024;
/** A user that has nothing on this machine. */
const USER = 61_234;

let directory: string;
const bundles = new Map<Edition, string>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-units-'));
  for (const edition of ['isolated', 'online'] as const) {
    const bundle = join(directory, edition);
    await writeBundle(REPOSITORY, bundle, edition);
    bundles.set(edition, bundle);
  }
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bundleOf = (edition: Edition): string => bundles.get(edition) ?? '';

function unitOf(edition: Edition, name: string): string {
  const text = readFileSync(join(bundleOf(edition), 'systemd', name), 'utf8');
  // systemd wants to see the programs that it is to start.
  return text.replaceAll('/opt/coldwire/current', bundleOf(edition));
}

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

it.runIf(required)('systemd-analyze is there where nothing may be left out', () => {
  expect(hasAnalyze, 'install it with scripts/oracles/install-system.sh').toBe(true);
});

describe.skipIf(!hasAnalyze)('by systemd itself', () => {
  function instance(edition: Edition, name: string): string {
    const path = join(directory, name.replace('@.', '@A.'));
    writeFileSync(path, unitOf(edition, name));
    return path;
  }

  it.each(UNITS)('%s, %s: has no setting that systemd does not know', (edition, name) => {
    const path = instance(edition, name);
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.includes(path.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it.each(UNITS)('%s, %s: exposes little: at most %i tenths of 10', (edition, name, threshold) => {
    const args = [
      'security',
      '--offline=yes',
      `--threshold=${threshold}`,
      '--no-pager',
      instance(edition, name),
    ];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(status, stdout.slice(-400) + stderr).toBe(0);
    const wanted = [
      '✓ NoNewPrivileges=',
      '✓ CapabilityBoundingSet=~CAP_SYS_PTRACE',
      '✓ RestrictAddressFamilies=~AF_UNIX',
    ];
    const offline = ['✓ PrivateNetwork=', '✓ RestrictAddressFamilies=~AF_(INET|INET6)'];
    for (const line of [...wanted, ...(edition === 'isolated' ? offline : [])])
      expect(stdout).toContain(line);
  });
});

describe('what each says', () => {
  it.each(UNITS)('%s, %s: no core, no swap, bounded memory and tasks, devices closed', (edition, name) => {
    const unit = unitOf(edition, name);
    const one = (setting: string): string | undefined => valuesOf(unit, setting)[0];
    expect(one('LimitCORE')).toBe('0');
    expect(one('CoredumpFilter')).toBe('0');
    expect(one('MemorySwapMax')).toBe('0');
    expect(one('MemoryMax')).toMatch(/^\dG$/);
    expect(one('TasksMax')).toBe('64');
    expect(one('DevicePolicy')).toBe('closed');
    expect(valuesOf(unit, 'DeviceAllow').every((device) => /^char-tty[A-Z]+ rw$/.test(device))).toBe(true);
    expect(one('ProtectSystem')).toBe('strict');
    expect(one('User')).toMatch(/^coldwire/);
    expect(one('IPAddressDeny')).toBe('any');
  });

  it('a signer’s orderly stop is success: 128 + SIGTERM', () => {
    expect(valuesOf(unitOf('isolated', 'coldwire-signer@.service'), 'SuccessExitStatus')).toEqual(['143']);
  });
});

const numbers = readNumbers();
const isRoot = process.geteuid?.() === 0;
const canConfine =
  hasAnalyze && isRoot && numbers !== undefined && spawnSync('unshare', ['-m', '-n', 'true']).status === 0;

it.runIf(required && isRoot)('the kernel’s headers are there where nothing may be left out', () => {
  expect(numbers, 'install it with scripts/oracles/install-system.sh').toBeDefined();
});

/** The words before a command that give it what the unit gives it. @param writable the one directory that it may write to */
function confinement(unit: string, writable: string, name: string): string[] {
  const isSet = (setting: string): boolean => valuesOf(unit, setting)[0] === 'yes';
  const list = join(directory, `${name}.calls`);
  const allowed = [...allowedCalls(unit)].flatMap((call) => numbers?.get(call) ?? []);
  writeFileSync(list, `${allowed.join('\n')}\n`);
  const mounts = `mount --bind '${writable}' '${writable}' && mount -o remount,bind,ro /`;
  const limits = ['prlimit', '--core=0', `--memlock=${LOCKED}`, '--nofile=256', '--nproc=64'];
  const user = [
    'setpriv',
    `--reuid=${USER}`,
    `--regid=${USER}`,
    '--clear-groups',
    '--bounding-set=-all',
    '--inh-caps=-all',
  ];
  return [
    ...[
      'unshare',
      '-m',
      ...(isSet('PrivateNetwork') ? ['-n'] : []),
      'sh',
      '-c',
      `${mounts} && exec "$@"`,
      'sh',
    ],
    ...limits,
    ...user,
    '--no-new-privs',
    ...[
      'perl',
      join(import.meta.dirname, 'confine.pl'),
      ...(isSet('MemoryDenyWriteExecute') ? [] : ['--wx']),
      list,
    ],
  ];
}

describe.skipIf(!canConfine)('confined as the units confine them', () => {
  it('a program gets neither a socket nor memory that is writable and executable, and may write in one place only', () => {
    const unit = unitOf('isolated', 'coldwire-signer@.service');
    const writable = join(directory, 'writable');
    mkdirSync(writable);
    chownSync(writable, USER, USER);
    chmodSync(directory, 0o711);
    const [command = '', ...words] = confinement(unit, writable, 'probe');
    const probe = [
      'socket(my $s, 1, 1, 0) and print "unix socket\n"; socket(my $t, 2, 1, 0) and print "tcp socket\n";',
      'syscall(9, 0, 4096, 7, 0x22, -1, 0) == -1 or print "writable and executable\n";',
      'my $page = syscall(9, 0, 4096, 3, 0x22, -1, 0); syscall(10, $page, 4096, 5) == -1 or print "made executable\n";',
      `open(my $f, '>', '${directory}/outside') and print "wrote outside\n";`,
      `open(my $g, '>', '${writable}/inside') or print "cannot write inside\n"; print "done\n"`,
    ].join(' ');
    const { stdout, stderr } = spawnSync(command, [...words, 'perl', '-e', probe], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toBe('done\n');
  });

  it('a signer starts, is unsealed, speaks on its terminal, answers its console, and stops in order', async () => {
    const unit = unitOf('isolated', 'coldwire-signer@.service');
    expect(valuesOf(unit, 'MemoryDenyWriteExecute')).toEqual(['yes']);
    const rig = new Rig();
    const pair = await openPtyPair();
    for (const path of [rig.directory, directory]) chmodSync(path, 0o711);
    for (const path of [rig.state, pair.right, rig.charter]) chownSync(path, USER, USER);
    const bin = join(bundleOf('isolated'), 'bin/coldwire-signer');
    const [command = '', ...words] = confinement(unit, rig.state, 'signer');
    const line = ['--port', pair.right, '--charter', rig.charter, '--state', rig.state, '--signer', 'A'];
    const signer = await start({
      name: 'signer',
      command,
      args: [...words, bin, 'run', ...line, '--key-fd', '0', ...WAIVE_HOST],
      logFile: rig.path('confined.log'),
      input: materials.A.block,
      environment: { PATH: process.env['PATH'], HOME: '/', COLDWIRE_JITLESS: '1' },
    });
    try {
      rig.connect(pair.left);
      await rig.reach('ready');
      expect((await rig.ask('STATUS', encode(Status, {}))).type).toBe('STATE');
      const asked = spawnSync(
        'setpriv',
        [
          `--reuid=${USER}`,
          `--regid=${USER}`,
          '--clear-groups',
          bin,
          'status',
          '--state',
          rig.state,
          '--json',
        ],
        { encoding: 'utf8' },
      );
      expect(JSON.parse(asked.stdout), asked.stderr).toMatchObject({ state: 'unlocked', connected: true });
      const seen = readFileSync(`/proc/${signer.pid}/status`, 'utf8');
      expect(seen).toMatch(/^Seccomp:\t2$/m);
      expect(seen).toMatch(/^CapEff:\t0+$/m);
      expect(seen).toMatch(new RegExp(`^Uid:\t${USER}\t`, 'm'));
      const maps = readFileSync(`/proc/${signer.pid}/maps`, 'utf8').split('\n');
      expect(maps.filter((row) => / .wx. /.test(row))).toEqual([]);
      await signer.stop('SIGTERM');
      expect(signer.log()).not.toContain('INTERNAL');
    } finally {
      await rig.close();
      await pair.close();
    }
  }, 120_000);

  it('a gate starts, greets and answers', async () => {
    const rig = new Rig();
    const state = rig.path('gate-state');
    mkdirSync(state, { mode: 0o700 });
    const key = { role: 'gate', identity: toHex(seeded('gate-1')), seal: toHex(gateSecret('gate-1')) };
    writeFileSync(rig.path('gate.key'), JSON.stringify(key), { mode: 0o600 });
    for (const path of [rig.directory, directory]) chmodSync(path, 0o711);
    for (const path of [state, rig.path('gate.key'), rig.charter, rig.path('up'), rig.path('down')])
      chownSync(path, USER, USER);
    const bin = join(bundleOf('isolated'), 'bin/coldwire-gate');
    const [command = '', ...words] = confinement(unitOf('isolated', 'coldwire-gate@.service'), state, 'gate');
    const line = ['--fifo', rig.path('down'), rig.path('up'), '--charter', rig.charter];
    const gate = await start({
      name: 'gate',
      command,
      args: [...words, bin, 'run', ...line, '--key', rig.path('gate.key'), '--state', state],
      logFile: rig.path('confined.log'),
      environment: { PATH: process.env['PATH'], HOME: '/', COLDWIRE_JITLESS: '1' },
    });
    try {
      const asked = spawnSync(bin, ['status', '--state', state, '--json'], { encoding: 'utf8' });
      expect(JSON.parse(asked.stdout), asked.stderr).toMatchObject({ gate: 'gate-1', running: true });
      expect(readFileSync(`/proc/${gate.pid}/status`, 'utf8')).toMatch(/^Seccomp:\t2$/m);
    } finally {
      await gate.stop('SIGKILL');
      await rig.close();
    }
  }, 120_000);

  /** Owned by the confined user: a state directory and a key of that role. */
  function prepare(rig: Rig, role: 'screen' | 'vault', identity: string): { state: string; key: string } {
    const state = rig.path(`${role}-state`);
    mkdirSync(state, { mode: 0o700 });
    const key = rig.path(`${role}.key`);
    writeFileSync(key, JSON.stringify({ role, identity: toHex(seeded(identity)), seal: null }), {
      mode: 0o600,
    });
    for (const path of [rig.directory, directory]) chmodSync(path, 0o711);
    for (const path of [state, key, rig.charter]) chownSync(path, USER, USER);
    return { state, key };
  }

  it('a screen opens its history and answers over the loopback', async () => {
    const rig = new Rig();
    const { state, key } = prepare(rig, 'screen', 'screen-1');
    const bin = join(bundleOf('online'), 'bin/coldwire-screen');
    const [command = '', ...words] = confinement(
      unitOf('online', 'coldwire-screen.service'),
      state,
      'screen',
    );
    const files = ['--charter', rig.charter, '--key', key, '--state', state, '--listen', '127.0.0.1:0'];
    const screen = await start({
      name: 'screen',
      command,
      args: [...words, bin, 'run', ...files],
      logFile: rig.path('confined.log'),
      environment: { PATH: process.env['PATH'], HOME: '/', COLDWIRE_JITLESS: '1' },
    });
    try {
      const port = screen.events().find(({ event }) => event === 'ready')?.['port'];
      const reply = await fetch(`http://127.0.0.1:${String(port)}/v1/verdict`, {
        method: 'POST',
        body: '{}',
      });
      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(await reply.json()).toHaveProperty('error');
      const asked = spawnSync(bin, ['status', '--state', state, '--json'], { encoding: 'utf8' });
      expect(asked.stderr, 'the directory is another user’s').toContain('belongs to another user');
      const own = spawnSync(
        'setpriv',
        [`--reuid=${USER}`, '--clear-groups', bin, 'status', '--state', state],
        {
          encoding: 'utf8',
        },
      );
      expect(own.stdout, own.stderr).toMatch(/^screen screen-1: running since/);
    } finally {
      await screen.stop('SIGKILL');
      await rig.close();
    }
  }, 120_000);

  it('a vault opens its queue and asks its node over the loopback', async () => {
    const rig = new Rig();
    const { state, key } = prepare(rig, 'vault', 'vault-1');
    const cookie = rig.path('cookie');
    writeFileSync(cookie, 'user:password\n', { mode: 0o644 });
    const bin = join(bundleOf('online'), 'bin/coldwire-vault');
    const [command = '', ...words] = confinement(unitOf('online', 'coldwire-vault.service'), state, 'vault');
    const files = ['--charter', rig.charter, '--key', key, '--state', state];
    // Nothing listens on port 9: the answer is the kernel's, so the filter let the question through.
    const node = ['--chain', 'http://127.0.0.1:9', '--chain-cookie', cookie, '--listen', '127.0.0.1:0'];
    const { status, stderr } = spawnSync(command, [...words, bin, 'serve', ...files, ...node], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: '/' },
    });
    expect([status, stderr]).toEqual([6, expect.stringMatching(/127\.0\.0\.1:9/)]);
    expect(stderr).not.toMatch(/EPERM|EACCES|not permitted/);
    await rig.close();
  }, 120_000);
});
