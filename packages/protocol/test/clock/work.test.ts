import { describe, expect, it } from 'vitest';
import { bitsOf, hashValue, targetOf, workOf } from '../../src/clock/work.ts';

/** Compact form, its target, and the compact form of that target again (Bitcoin Core, arith_uint256_tests.cpp). */
const TARGETS: readonly (readonly [bits: number, target: bigint, again: number])[] = [
  [0x01123456, 0x12n, 0x01120000],
  [0x02123456, 0x1234n, 0x02123400],
  [0x03123456, 0x123456n, 0x03123456],
  [0x04123456, 0x12345600n, 0x04123456],
  [0x05009234, 0x92340000n, 0x05009234],
  [0x20123456, 0x123456n << 232n, 0x20123456],
  [0x1d00ffff, 0xffffn << 208n, 0x1d00ffff],
  [0x207fffff, 0x7fffffn << 232n, 0x207fffff],
  [0x02008000, 0x80n, 0x02008000],
  [0x01010000, 1n, 0x01010000],
];

describe('a compact target', () => {
  it.each(TARGETS)('%i stands for its number, and the number for it', (bits, target, again) => {
    expect(targetOf(bits)).toBe(target);
    expect(bitsOf(target)).toBe(again);
  });

  it('that is zero, negative or above 2^256 − 1 stands for nothing', () => {
    for (const bits of [0, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x20000000])
      expect(targetOf(bits)).toBeUndefined();
    for (const bits of [0x01fedcba, 0x04923456, 0x05800001, 0x20ffffff])
      expect(targetOf(bits)).toBeUndefined();
    for (const bits of [0x21010000, 0x22000100, 0x23000001, 0xff123456])
      expect(targetOf(bits)).toBeUndefined();
  });

  it('may be anything up to 2^256 − 1', () => {
    expect(targetOf(0x2100ffff)).toBe(0xffffn << 240n);
    expect(targetOf(0x220000ff)).toBe(0xffn << 248n);
  });

  it('is rounded down to three bytes', () => {
    expect(bitsOf(0x7fffffffn)).toBe(0x047fffff);
    expect(bitsOf(0x80ffffffn)).toBe(0x050080ff);
  });
});

describe('the work of a target', () => {
  it('is the number of hashes that meet it once', () => {
    expect(workOf((1n << 256n) - 1n)).toBe(1n);
    expect(workOf((1n << 255n) - 1n)).toBe(2n);
    expect(workOf(1n)).toBe(1n << 255n);
    // Of each block of difficulty 1, as nodes tell it: 0x100010001.
    expect(workOf(0xffffn << 208n)).toBe(0x1_0001_0001n);
  });
});

describe('a block hash as a number', () => {
  it('has its last byte first', () => {
    const hash = new Uint8Array(32);
    expect(hashValue(hash)).toBe(0n);
    expect(hashValue(hash.with(0, 1))).toBe(1n);
    expect(hashValue(hash.with(1, 1).with(0, 2))).toBe(0x102n);
    expect(hashValue(hash.with(31, 0x80))).toBe(1n << 255n);
  });
});
