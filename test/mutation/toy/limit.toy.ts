/** Tests of the toy. Not run by themselves: scripts/mutation runs them. */
import { describe, expect, test } from 'vitest';
import { allows, countTo, coversFee, firstOf, LIMIT } from './limit.ts';

/** Made while this file is loaded, and therefore unmoved by a mutant that is switched on later. */
const atLoading = allows(100);

describe('The toy', () => {
  test('allows up to its limit', () => {
    expect(LIMIT).toBe(100);
    expect(atLoading).toBe(true);
    expect(allows(101)).toBe(false);
  });

  test.each([
    [2, 1, true],
    [1, 2, false],
  ])('covers a fee %i of %i: %s', (amount, fee, expected) => {
    expect(coversFee(amount, fee)).toBe(expected);
  });

  test('counts', () => {
    expect(countTo(5)).toBe(5);
    expect(countTo(0)).toBe(0);
  });

  test('finds the first', () => expect(firstOf([4, 5])).toBe(4));
});
