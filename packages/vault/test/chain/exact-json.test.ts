import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact, toInteger, toSat } from '../../src/chain/exact-json.ts';

const satOf = (json: string): bigint | null => toSat(parseExact(json));

describe('an amount in BTC', () => {
  it('becomes exactly its satoshis, also where a float would not', () => {
    expect(satOf('0.00001000')).toBe(1_000n);
    expect(satOf('1e-05')).toBe(1_000n);
    expect(satOf('1.00000000E-8')).toBe(1n);
    expect(satOf('20999999.99999999')).toBe(2_099_999_999_999_999n);
    expect(satOf('90071992.54740993')).toBe(9_007_199_254_740_993n);
    expect(satOf('-0.1')).toBe(-10_000_000n);
    expect(satOf('50')).toBe(5_000_000_000n);
  });

  it('is none when it has parts of a satoshi or is no number', () => {
    expect(satOf('0.000000001')).toBeNull();
    expect(satOf('0.0000000010')).toBeNull();
    expect(satOf('"0.1"')).toBeNull();
    expect(satOf('null')).toBeNull();
    expect(toSat(0.1)).toBeNull();
  });

  it('survives for every amount that can exist', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2_100_000_000_000_000n), (sat) => {
        const digits = sat.toString().padStart(9, '0');
        expect(satOf(`${digits.slice(0, -8)}.${digits.slice(-8)}`)).toBe(sat);
      }),
    );
  });
});

describe('a whole number', () => {
  it('is read where JavaScript holds it exactly, and refused beyond', () => {
    expect(toInteger(parseExact('840000'))).toBe(840_000);
    expect(toInteger(parseExact('9007199254740991'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(toInteger(parseExact('9007199254740993'))).toBeNull();
    expect(toInteger(parseExact('1.5'))).toBeNull();
    expect(toInteger(parseExact('"1"'))).toBeNull();
  });
});
