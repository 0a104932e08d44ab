import { describe, expect, it } from 'vitest';
import { findUnfit, type MachineFacts } from '../../src/io/preflight.ts';

const FIT: MachineFacts = {
  limits:
    'Limit                     Soft Limit           Hard Limit           Units     \nMax core file size        0                    unlimited            bytes     \n',
  swaps: 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  execArgv: ['--disable-sigusr1'],
  environment: ['PATH', 'HOME', 'TERM'],
};

describe('the preflight of a ceremony', () => {
  it('finds nothing on a fit machine', () => {
    expect(findUnfit(FIT)).toEqual([]);
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
    ['environment', { environment: ['NODE_OPTIONS'] }],
    ['environment', { environment: ['LD_PRELOAD'] }],
  ])('finds %s in %j', (item, change) => {
    expect(findUnfit({ ...FIT, ...change })).toEqual([item]);
  });
});
