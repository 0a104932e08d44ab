import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findInitOnFree } from '../../src/io/host-facts.ts';
import { listGettys } from '../../src/io/line-facts.ts';
import type { MachineFacts } from '../../src/io/machine-facts.ts';
import { loadNatives } from '../../src/io/native.ts';
import {
  ADVICE_NAMES,
  applyWaivers,
  CHECK_NAMES,
  formatVerdict,
  judgeMachine,
  requirePassed,
} from '../../src/io/preflight.ts';
import { runSelfTest } from '../../src/io/self-test.ts';

const RAW =
  'speed 115200 baud; min = 1; time = 0;\n-parenb -parodd cs8 -hupcl -cstopb cread clocal -crtscts\n-parmrk -istrip -inlcr -igncr -icrnl -ixon -ixoff\n-iuclc -opost\n-isig -icanon iexten -echo';

/** A machine that is as it should be. */
const READY: MachineFacts = {
  coreLimit: { soft: '0', hard: '0' },
  corePattern: 'core',
  coreFilter: '00000033',
  swaps: [],
  locked: { wanted: 64, got: 68 },
  inspectorUrl: undefined,
  nodeFlags: ['--disable-sigusr1'],
  environment: ['HOME', 'LC_ALL', 'PATH'],
  preload: '',
  interfaces: ['lo'],
  tracer: 0,
  descriptors: [
    { fd: 0, kind: 'fifo', target: 'pipe:[1]' },
    { fd: 1, kind: 'file', target: '/var/log/signer' },
    { fd: 2, kind: 'terminal', target: '/dev/tty1' },
    { fd: 3, kind: 'other', target: 'anon_inode:[eventpoll]' },
  ],
  line: { path: '/dev/ttyS1', consoles: ['tty0'], gettys: [], holders: [], unseen: 0, settings: RAW },
  program: `${'00'.repeat(32)}  /opt/coldwire/0.1.0/lib/signer.mjs`,
  natives: [{ name: 'sodium-native', version: '5.1.0', sha256: '00'.repeat(32) }],
  kernel: {
    ptraceScope: 1,
    dumpable: true,
    sysrq: 0,
    crashKernel: false,
    initOnFree: true,
    user: 990,
  },
  clock: { now: 1_800_000_000, rtc: 1_800_000_030, lastRecord: 1_799_999_000 },
  state: { path: '/var/lib/coldwire/A', fileSystem: 'ext4', owner: 990, mode: 0o700, free: 8e9 },
};
const LINE = READY.line ?? {
  path: '',
  consoles: [],
  gettys: [],
  holders: [],
  unseen: 0,
  settings: '',
};
const { kernel, clock, state } = READY;

const failing = (facts: MachineFacts, selfTest: string | null = null): string[] =>
  judgeMachine(facts, selfTest)
    .filter((check) => !check.ok)
    .map((check) => check.name);

describe('a machine that is ready', () => {
  test('passes every check, with and without a serial line', () => {
    expect(failing(READY)).toEqual([]);
    expect(failing({ ...READY, line: null })).toEqual([]);
    const judged = judgeMachine(READY, null);
    expect(judged.map((check) => check.name).sort()).toEqual([...CHECK_NAMES, ...ADVICE_NAMES].sort());
    for (const { found, wanted, fix } of judged) expect([found, wanted, fix]).not.toContain('');
  });
});

describe('each thing that is wrong', () => {
  const wrong: readonly (readonly [string, string, Partial<MachineFacts>])[] = [
    ['core files are allowed', 'core-limit', { coreLimit: { soft: 'unlimited', hard: 'unlimited' } }],
    ['core files could be allowed again', 'core-limit', { coreLimit: { soft: '0', hard: 'unlimited' } }],
    ['core files go to a program', 'core-pattern', { corePattern: '|/usr/lib/systemd/systemd-coredump %P' }],
    ['there is swap', 'swap', { swaps: ['/dev/sda2'] }],
    ['memory is not locked', 'locked-memory', { locked: { wanted: 64, got: 0 } }],
    ['the lock state is unknown', 'locked-memory', { locked: { wanted: 64, got: Number.NaN } }],
    ['the inspector listens', 'inspector', { inspectorUrl: 'ws://127.0.0.1:9229/x' }],
    ['SIGUSR1 would start the inspector', 'node-flags', { nodeFlags: [] }],
    [
      'heap snapshots are on',
      'node-flags',
      { nodeFlags: ['--disable-sigusr1', '--heapsnapshot-signal=SIGUSR2'] },
    ],
    ['a module is preloaded', 'node-flags', { nodeFlags: ['--disable-sigusr1', '--import=/tmp/x.mjs'] }],
    ['Node takes options from the environment', 'environment', { environment: ['NODE_OPTIONS'] }],
    ['a library is preloaded by variable', 'environment', { environment: ['LD_PRELOAD'] }],
    ['libraries are searched elsewhere', 'environment', { environment: ['LD_LIBRARY_PATH'] }],
    ['a library is preloaded by file', 'preload', { preload: '/usr/lib/evil.so' }],
    ['there is a network device', 'network', { interfaces: ['lo', 'eth0'] }],
    [
      'standard output is a socket',
      'descriptors',
      { descriptors: [{ fd: 1, kind: 'socket', target: 'socket:[7]' }] },
    ],
    [
      'any descriptor is a socket',
      'descriptors',
      { descriptors: [{ fd: 9, kind: 'socket', target: 'socket:[7]' }] },
    ],
    ['somebody traces the process', 'tracer', { tracer: 77 }],
    ['its user may look into it', 'ptrace', { kernel: { ...kernel, ptraceScope: 0 } }],
    ['its user may look into it, without Yama', 'ptrace', { kernel: { ...kernel, ptraceScope: null } }],
    ['a crash kernel is loaded', 'crash-kernel', { kernel: { ...kernel, crashKernel: true } }],
    ['a BREAK commands the kernel', 'sysrq', { kernel: { ...kernel, sysrq: 438 } }],
    ['the clock says 1970', 'clock', { clock: { now: 7, rtc: null, lastRecord: null } }],
    ['the clock says 2106', 'clock', { clock: { now: 4_294_967_295, rtc: null, lastRecord: null } }],
    ['the clock is no number', 'clock', { clock: { now: Number.NaN, rtc: null, lastRecord: null } }],
    ['the hardware clock is on local time', 'clock', { clock: { ...clock, rtc: clock.now + 3_600 } }],
    ['the clock was set back', 'clock', { clock: { ...clock, lastRecord: clock.now + 3_600 } }],
    ['the state lies in memory', 'state-disk', { state: { ...state, fileSystem: 'tmpfs' } }],
    ['the state lies on an overlay', 'state-disk', { state: { ...state, fileSystem: 'overlay' } }],
    ['the state lies on a network', 'state-disk', { state: { ...state, fileSystem: 'nfs' } }],
    ['others may read the state', 'state-access', { state: { ...state, mode: 0o750 } }],
    ['the disk is nearly full', 'state-space', { state: { ...state, free: 1e8 } }],
    ['the free space is unknown', 'state-space', { state: { ...state, free: Number.NaN } }],
    ['a getty is to be started', 'line-getty', { line: { ...LINE, gettys: ['x.wants/y'] } }],
    ['the kernel prints on the line', 'line-console', { line: { ...LINE, consoles: ['ttyS1'] } }],
    [
      'a getty waits on the line',
      'line-holders',
      { line: { ...LINE, holders: [{ pid: 9, name: 'agetty' }] } },
    ],
    ['the line stops at XOFF', 'line-8-bit', { line: { ...LINE, settings: RAW.replace('-ixon', 'ixon') } }],
    ['the line has seven bits', 'line-8-bit', { line: { ...LINE, settings: RAW.replace('cs8', 'cs7') } }],
    ['stty said nothing', 'line-8-bit', { line: { ...LINE, settings: 'stty: No such device' } }],
  ];
  test.each(wrong)('%s: refused as %s', (_, name, facts) => {
    expect(failing({ ...READY, ...facts })).toEqual([name]);
  });

  test('a wrong known answer: refused as self-test', () => {
    expect(failing(READY, 'a wrong ECDSA signature')).toEqual(['self-test']);
  });

  test('a piped core pattern is fine once no memory may be dumped', () => {
    expect(failing({ ...READY, corePattern: '|/x', coreFilter: '00000000' })).toEqual([]);
  });
});

describe('what need not be', () => {
  test('a process that is not dumpable needs no Yama, and a kernel may lack SysRq and a clock of its own', () => {
    const odd = { ...kernel, ptraceScope: null, dumpable: false, sysrq: null };
    expect(failing({ ...READY, kernel: odd, clock: { ...clock, rtc: null, lastRecord: null } })).toEqual([]);
  });

  test('is advised, and refuses nothing', () => {
    const poor = judgeMachine({ ...READY, kernel: { ...kernel, initOnFree: false, user: 0 } }, null);
    const verdict = applyWaivers(poor, []);
    expect(verdict.advised.map(({ name }) => name)).toEqual(['init-on-free', 'user']);
    expect(() => requirePassed(verdict)).not.toThrow();
    expect(formatVerdict(verdict)).toMatch(/^advice +init-on-free +off$/m);
  });

  test('init_on_free is read off the command line before the kernel’s configuration', () => {
    const on = 'CONFIG_X=y\nCONFIG_INIT_ON_FREE_DEFAULT_ON=y\n';
    expect(findInitOnFree('quiet init_on_free=1', '')).toBe(true);
    expect(findInitOnFree('quiet init_on_free=0', on)).toBe(false);
    expect(findInitOnFree('quiet', on)).toBe(true);
    expect(findInitOnFree('quiet', '\n# CONFIG_INIT_ON_FREE_DEFAULT_ON is not set\n')).toBe(false);
    expect(findInitOnFree('quiet', '')).toBeNull();
  });
});

describe('waivers', () => {
  const checks = judgeMachine({ ...READY, swaps: ['/swap'], interfaces: ['eth0'] }, null);

  test('let the named item through and no other, and stay visible', () => {
    const verdict = applyWaivers(checks, ['swap']);
    expect(verdict.refused.map((check) => check.name)).toEqual(['network']);
    expect(verdict.waived.map((check) => check.name)).toEqual(['swap']);
    expect(formatVerdict(verdict)).toMatch(/^WAIVED +swap +\/swap$/m);
    expect(formatVerdict(verdict)).toMatch(/^REFUSED +network +eth0$/m);
    expect(() => requirePassed(verdict)).toThrow(
      expect.objectContaining({ code: 'PREFLIGHT', what: expect.stringMatching(/network \(eth0\)$/) }),
    );
    expect(() => requirePassed(applyWaivers(checks, ['swap', 'network']))).not.toThrow();
  });

  test('exist for each item by its name, but not for the native files: there is nothing else to load', () => {
    for (const name of CHECK_NAMES) {
      const failed = judgeMachine(READY, null).map((one) =>
        one.name === name ? { ...one, ok: false } : one,
      );
      const refused = applyWaivers(failed, [name]).refused.map((one) => one.name);
      expect(refused).toEqual(name === 'natives' ? ['natives'] : []);
    }
  });

  test('of a hostile name cannot move the cursor of whoever reads the list', () => {
    const hostile = judgeMachine({ ...READY, environment: ['\u001b[2J\u202eLD_PRELOAD'] }, null);
    expect(formatVerdict(applyWaivers(hostile, []))).not.toMatch(/[\u001b\u202e]/);
  });

  test('that name nothing are refused, so that a typing error is noticed', () => {
    expect(() => requirePassed(applyWaivers(checks, ['swap', 'network', 'all']))).toThrow(/is called all/);
  });
});

describe('the self-test', () => {
  test('reproduces the known answers with the pinned files', () => {
    expect(runSelfTest(loadNatives())).toBeNull();
  });

  test('notices a library whose signatures are right but are not those of RFC 6979', () => {
    const natives = loadNatives();
    const real = natives.secp256k1;
    const poisoned = new Proxy(real, {
      get: (target, name: keyof typeof real) =>
        name === 'ecdsaSign'
          ? (...[out, hash, key]: Parameters<typeof real.ecdsaSign>) =>
              Reflect.apply(target.ecdsaSign, target, [out, hash, key, new Uint8Array(32).fill(9), undefined])
          : target[name].bind(target),
    });
    expect(runSelfTest({ ...natives, secp256k1: poisoned })).toBe('a wrong ECDSA signature');
  });
});

describe('measuring a real process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-preflight-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const io = join(import.meta.dirname, '..', '..', 'src', 'io');
  const program = join(directory, 'measure.mts');
  writeFileSync(
    program,
    `import { loadNatives } from ${JSON.stringify(join(io, 'native.ts'))};
     import { measureMachine } from ${JSON.stringify(join(io, 'machine-facts.ts'))};
     import { writeFileSync } from 'node:fs';
     const line = process.argv[3] ?? null;
     const state = process.argv[4] ?? ${JSON.stringify(directory)};
     const facts = measureMachine(loadNatives(), { line: line === 'none' ? null : line, state });
     writeFileSync(process.argv[2], JSON.stringify(facts));`,
  );

  /** Runs the program after `setup` in a shell, with plain files as descriptors. */
  function measure(
    setup: string,
    options: {
      line?: string;
      pipe?: boolean;
      wrapper?: string;
      flags?: string;
      state?: string;
      isolated?: true;
    } = {},
  ): MachineFacts {
    const out = join(directory, `facts-${Math.random().toString(36).slice(2)}`);
    const log = openSync(join(directory, 'log'), 'w');
    const flags = options.flags ?? '--disable-sigusr1';
    const script = `${setup} exec ${options.wrapper ?? ''} "$0" ${flags} ${program} ${out} ${options.line ?? 'none'} ${options.state ?? ''}`;
    const shell = options.isolated ? ['unshare', '-m', '-n', '/bin/sh'] : ['/bin/sh'];
    const [command = '', ...before] = shell;
    const run = spawnSync(command, [...before, '-c', script, process.execPath], {
      stdio: options.pipe ? 'pipe' : ['ignore', log, log],
      env: { PATH: process.env['PATH'] },
    });
    closeSync(log);
    if (run.status !== 0)
      throw new Error(`measuring failed: ${readFileSync(join(directory, 'log'), 'utf8')}`);
    return JSON.parse(readFileSync(out, 'utf8'));
  }

  test('finds locked memory, no core files, no sockets and only the flag that was given', () => {
    const facts = measure('ulimit -c 0;');
    const judged = { ...facts, interfaces: ['lo'], swaps: [], corePattern: 'core', kernel: READY.kernel };
    expect(failing({ ...judged, state: { ...facts.state, fileSystem: 'ext4' } })).toEqual([]);
    expect(facts.natives.map(({ name }) => name)).toEqual(['secp256k1', 'sodium-native']);
  });

  test('finds the sockets that a parent with Node pipes hands over', () => {
    expect(failing({ ...measure('', { pipe: true }), interfaces: ['lo'] })).toContain('descriptors');
  });

  test('finds an inspector, foreign flags and foreign variables', () => {
    const facts = measure('NODE_OPTIONS=--no-deprecation LD_LIBRARY_PATH=/nowhere', {
      flags: '--inspect=127.0.0.1:0',
    });
    expect(failing(facts)).toEqual(expect.arrayContaining(['inspector', 'node-flags', 'environment']));
  });

  test('sees a terminal as it is: cooked or raw, and who else has it', () => {
    // script(1) gives the program a pseudo-terminal of its own.
    const onTerminal = (settings: string): MachineFacts => {
      const out = join(directory, `terminal-${settings}`);
      const setup = `stty ${settings}; sleep 5 & exec '${process.execPath}' --disable-sigusr1 '${program}' '${out}' "$(tty)"`;
      spawnSync('script', ['-qec', setup, '/dev/null'], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'] },
      });
      return JSON.parse(readFileSync(out, 'utf8'));
    };
    const cooked = onTerminal('sane');
    expect(cooked.line?.holders.map((holder) => holder.name)).toContain('sleep');
    expect(failing(cooked)).toEqual(expect.arrayContaining(['line-holders', 'line-8-bit']));
    expect(failing(onTerminal('raw -echo'))).not.toContain('line-8-bit');
  });

  test('finds a state that lies in memory, that others may read, that is too small, or that is ahead of the clock', () => {
    const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'coldwire-state-'));
    try {
      chmodSync(scratch, 0o755);
      const ahead = join(scratch, 'evidence-000000.cborseq');
      writeFileSync(ahead, '');
      const later = Date.now() / 1000 + 7_200;
      utimesSync(ahead, later, later);
      const found = failing(measure('', { state: scratch }));
      expect(found).toEqual(expect.arrayContaining(['clock', 'state-access']));
      if (scratch.startsWith('/dev/shm')) expect(found).toContain('state-disk');
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  const namespaces = spawnSync('unshare', ['-m', '-n', 'true']).status === 0;
  test.runIf(namespaces)('finds a full disk, and no network device where there is none', () => {
    const mount = join(directory, 'small');
    mkdirSync(mount, { mode: 0o700 });
    const facts = measure(`mount -t tmpfs -o size=1m,mode=700 none ${mount};`, {
      state: mount,
      isolated: true,
    });
    expect(facts.interfaces.filter((name) => name !== 'lo')).toEqual([]);
    expect(failing(facts)).toEqual(expect.arrayContaining(['state-space', 'state-disk']));
    expect(failing(facts)).not.toContain('network');
  });

  test.runIf(process.geteuid?.() === 0)(
    'finds that a process whose program nobody may read is not dumpable',
    () => {
      const hidden = join(directory, 'node');
      copyFileSync(process.execPath, hidden);
      chmodSync(hidden, 0o711);
      chmodSync(directory, 0o711);
      const read = `${hidden} -p "require('node:fs').statSync('/proc/self/stat').uid"`;
      const asNobody = (command: string) =>
        spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'sh', '-c', command], { encoding: 'utf8' });
      expect(asNobody(read).stdout.trim()).toBe('0');
      chmodSync(hidden, 0o755);
      expect(asNobody(read).stdout.trim()).toBe('65534');
      chmodSync(directory, 0o700);
    },
  );

  test('finds what would start a login prompt on the line, by systemd or by init', () => {
    const root = join(directory, 'root');
    const wants = join(root, 'etc/systemd/system/getty.target.wants');
    const generated = join(root, 'run/systemd/generator/getty.target.wants');
    for (const path of [wants, generated]) mkdirSync(path, { recursive: true });
    symlinkSync('/lib/systemd/system/serial-getty@.service', join(wants, 'serial-getty@ttyUSB0.service'));
    symlinkSync('/lib/systemd/system/serial-getty@.service', join(generated, 'serial-getty@ttyS0.service'));
    writeFileSync(
      join(root, 'etc/inittab'),
      '#T0:23:respawn:/sbin/getty ttyS0\nT1:23:respawn:/sbin/getty -L ttyS1\n',
    );
    expect(listGettys('ttyUSB0', root)).toEqual([expect.stringMatching(/wants\/serial-getty@ttyUSB0/)]);
    expect(listGettys('ttyS0', root)).toEqual([expect.stringMatching(/generator.*serial-getty@ttyS0/)]);
    expect(listGettys('ttyS1', root)).toEqual([expect.stringMatching(/^\/etc\/inittab: T1/)]);
    expect(listGettys('ttyS', root)).toEqual([]);
  });

  test('finds unlocked memory where the limit is zero, though libsodium says nothing', () => {
    // Root may lock beyond the limit unless that one capability is taken away.
    const withoutRight = process.geteuid?.() === 0 ? 'setpriv --bounding-set=-ipc_lock' : '';
    const facts = measure('ulimit -l 0;', { wrapper: withoutRight });
    expect(facts.locked.got).toBe(0);
    expect(failing(facts)).toContain('locked-memory');
  });
});
