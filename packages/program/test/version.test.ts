import { describe, expect, it } from 'vitest';
import { isOlder, OLDEST_NODE } from '../src/version.ts';

describe('isOlder', () => {
  it('compares number by number', () => {
    expect(isOlder('v24.9.0', 'v24.15.0')).toBe(true);
    expect(isOlder('v20.19.5', 'v24.15.0')).toBe(true);
    expect(isOlder('v24.15.0', 'v24.15.0')).toBe(false);
    expect(isOlder('v26.0.0', 'v24.15.0')).toBe(false);
  });

  it('takes what it cannot read for too old', () => {
    expect(isOlder('v24.15.0-nightly', 'v24.15.0')).toBe(true);
  });

  it('lets the Node that runs this test pass', () => {
    expect(isOlder(process.version, OLDEST_NODE)).toBe(false);
  });
});
