import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MachineFacts } from '../../src/io/machine-facts.ts';
import { loadNatives } from '../../src/io/native.ts';
import {
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
  line: { path: '/dev/ttyS1', consoles: ['tty0'], holders: [], unseen: 0, settings: RAW },
};
const LINE = READY.line ?? { path: '', consoles: [], holders: [], unseen: 0, settings: '' };

const failing = (facts: MachineFacts, selfTest: string | null = null): string[] =>
  judgeMachine(facts, selfTest)
    .filter((check) => !check.ok)
    .map((check) => check.name);

describe('a machine that is ready', () => {
  test('passes every check, with and without a serial line', () => {
    expect(failing(READY)).toEqual([]);
    expect(failing({ ...READY, line: null })).toEqual([]);
    expect(judgeMachine(READY, null).map((check) => check.name)).toEqual([...CHECK_NAMES]);
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
     const facts = measureMachine(loadNatives(), { line, scratch: ${JSON.stringify(directory)} });
     writeFileSync(process.argv[2], JSON.stringify(facts));`,
  );

  /** Runs the program after `setup` in a shell, with plain files as descriptors. */
  function measure(
    setup: string,
    options: { line?: string; pipe?: boolean; wrapper?: string; flags?: string } = {},
  ): MachineFacts {
    const out = join(directory, `facts-${Math.random().toString(36).slice(2)}`);
    const log = openSync(join(directory, 'log'), 'w');
    const flags = options.flags ?? '--disable-sigusr1';
    const script = `${setup} exec ${options.wrapper ?? ''} "$0" ${flags} ${program} ${out} ${options.line ?? ''}`;
    const run = spawnSync('/bin/sh', ['-c', script, process.execPath], {
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
    expect(failing({ ...facts, interfaces: ['lo'], swaps: [], corePattern: 'core' })).toEqual([]);
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

  test('finds unlocked memory where the limit is zero, though libsodium says nothing', () => {
    // Root may lock beyond the limit unless that one capability is taken away.
    const withoutRight = process.geteuid?.() === 0 ? 'setpriv --bounding-set=-ipc_lock' : '';
    const facts = measure('ulimit -l 0;', { wrapper: withoutRight });
    expect(facts.locked.got).toBe(0);
    expect(failing(facts)).toContain('locked-memory');
  });
});
