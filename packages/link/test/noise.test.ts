import type { FaultCounts } from '@coldwire/protocol/frame/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Noise } from '../src/noise.ts';

const QUIET: FaultCounts = {
  FRAME_CRC: 0,
  MALFORMED: 0,
  NONCANONICAL: 0,
  TOO_LARGE: 0,
  VERSION: 0,
  UNKNOWN_TYPE: 0,
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('what is told of a noisy line', () => {
  it('is the first fault at once, and then what has come since, every ten seconds, to the last one', () => {
    let faults = QUIET;
    const told: string[] = [];
    const noise = new Noise(
      () => ({ ...faults }),
      (code, frames) => told.push(`${code} ${frames}`),
    );
    noise.look();
    expect(told).toEqual([]);
    faults = { ...faults, FRAME_CRC: 1 };
    noise.look();
    expect(told.splice(0)).toEqual(['FRAME_CRC 1']);
    for (let i = 0; i < 5_000; i += 1) {
      faults = { ...faults, FRAME_CRC: faults.FRAME_CRC + 1, TOO_LARGE: faults.TOO_LARGE + 2 };
      noise.look();
    }
    expect(told).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(told.splice(0)).toEqual(['FRAME_CRC 5000', 'TOO_LARGE 10000']);
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
    faults = { ...faults, VERSION: 3 };
    noise.look();
    expect(told).toEqual(['VERSION 3']);
    noise.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
