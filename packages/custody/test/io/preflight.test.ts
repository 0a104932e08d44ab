import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { findUnfit, type MachineFacts } from '../../src/io/preflight.ts';

const FIT: MachineFacts = {
  limits:
    'Limit                     Soft Limit           Hard Limit           Units     \nMax core file size        0                    unlimited            bytes     \n',
  swaps: 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  execArgv: ['--disable-sigusr1'],
  environment: ['PATH', 'HOME', 'TERM'],
  status: 'Name:\tnode\nTracerPid:\t0\nUid:\t1000\n',
  crashKernel: '0\n',
};

describe('the preflight of a ceremony', () => {
  it('finds nothing on a fit machine', () => {
    expect(findUnfit(FIT)).toEqual([]);
    expect(findUnfit({ ...FIT, crashKernel: '' })).toEqual([]);
  });

  it.each([
    ['core', { limits: FIT.limits.replace('  0   ', '  1024') }],
    ['core', { limits: FIT.limits.replace('0        ', 'unlimited') }],
    ['core', { limits: '' }],
    ['swap', { swaps: `${FIT.swaps}/dev/sda2 partition 2097148 0 -2\n` }],
    ['debugger', { execArgv: ['--inspect=127.0.0.1:0'] }],
    ['debugger', { execArgv: ['--heapsnapshot-signal=SIGUSR2'] }],
    ['debugger', { execArgv: ['--report-on-signal'] }],
    ['debugger', { execArgv: ['--require', './other.js'] }],
    ['crash-kernel', { crashKernel: '1\n' }],
    ['tracer', { status: 'TracerPid:\t4711\n' }],
    ['tracer', { status: '' }],
    ['environment', { environment: ['NODE_OPTIONS'] }],
    ['environment', { environment: ['LD_PRELOAD'] }],
  ])('finds %s in %j', (item, change) => {
    expect(findUnfit({ ...FIT, ...change })).toEqual([item]);
  });
});

const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

it.runIf(hasStrace)('finds a real tracer', () => {
  const io = new URL('../../src/io/preflight.ts', import.meta.url);
  const source = `import(${JSON.stringify(io.href)}).then((m) => console.log(m.findUnfit(m.readMachineFacts()).join()))`;
  const run = (...wrapper: readonly string[]) => {
    const [command = '', ...args] = [...wrapper, process.execPath, '-e', source];
    return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim().split(',');
  };
  expect(run('strace', '-f', '-o', '/dev/null')).toContain('tracer');
  expect(run()).not.toContain('tracer');
});
