import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { decode, encode, readSequence, type Schema, scan } from '../../src/cbor/index.ts';
import { mutants, normalize, samples, values, writeReference } from './generate.ts';
import { toHex } from './read-vectors.ts';

const anything: Schema<unknown> = { name: 'Anything', read: (plain) => plain, write: () => null };
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), mutants);

describe('for any bytes', () => {
  test('the scanner and the decoder return, agree, and accept only what has this one encoding', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const fault = scan(bytes);
        const result = decode(anything, bytes);
        expect(result.ok).toBe(fault === undefined);
        if (!result.ok) {
          expect(result.fault).toEqual(fault);
          return;
        }
        accepted += 1;
        expect(toHex(Uint8Array.from(writeReference(normalize(result.value))))).toBe(toHex(bytes));
      }),
      { numRuns: inForm(1_000, 30_000) },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  test('a fault points into them', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const { at = 0 } = scan(bytes) ?? {};
        expect(at).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: inForm(400, 10_000) },
    );
  });

  test('a sequence is read to its end and loses no byte on the way', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 4 }), anyBytes, (whole, tail) => {
        const head = whole.flatMap(writeReference);
        const log = Uint8Array.from([...head, ...tail]);
        let at = 0;
        for (const step of readSequence(log)) {
          if (step.kind !== 'item') break;
          expect(scan(step.bytes)).toBeUndefined();
          expect(step.next).toBe(at + step.bytes.length);
          at = step.next;
        }
        expect(at).toBeGreaterThanOrEqual(head.length);
      }),
      { numRuns: inForm(200, 6_000) },
    );
  });
});

describe('for any value of the profile', () => {
  test('the reference encoding is accepted and decodes to the value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const result = decode(anything, Uint8Array.from(writeReference(value)));
        expect(result.ok && normalize(result.value)).toEqual(value);
      }),
      { numRuns: inForm(400, 10_000) },
    );
  });

  test('every proper prefix of its encoding is refused', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, cut) => {
        const whole = Uint8Array.from(writeReference(value));
        expect(scan(whole.subarray(0, cut % whole.length))?.code).toBe('MALFORMED');
      }),
      { numRuns: inForm(400, 10_000) },
    );
  });
});

describe('for any schema and any value of it', () => {
  test('encoding gives the reference bytes, and decoding gives the value back', () => {
    fc.assert(
      fc.property(samples, ({ schema, value, plain }) => {
        const line = encode(schema, value);
        expect(toHex(line)).toBe(toHex(Uint8Array.from(writeReference(plain))));
        const result = decode(schema, line);
        expect(result).toEqual({ ok: true, value });
        expect(encode(schema, result.ok && result.value)).toEqual(line);
      }),
      { numRuns: inForm(500, 15_000) },
    );
  });

  test('bytes of another schema give a fault or a value that encodes to the same bytes, never an exception', () => {
    fc.assert(
      fc.property(samples, samples, ({ schema, value }, other) => {
        const line = encode(schema, value);
        const result = decode(other.schema, line);
        if (result.ok) expect(encode(other.schema, result.value)).toEqual(line);
        else expect(result.fault.code).toBe('MALFORMED');
      }),
      { numRuns: inForm(500, 15_000) },
    );
  });
});
