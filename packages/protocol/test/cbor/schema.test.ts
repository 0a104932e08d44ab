import { describe, expect, test } from 'vitest';
import {
  bool,
  bytes,
  decode,
  encode,
  field,
  type Infer,
  list,
  literal,
  nullable,
  optional,
  type Schema,
  struct,
  text,
  tuple,
  u64,
  uint,
  variant,
} from '../../src/cbor/index.ts';
import { fromHex, toHex } from './read-vectors.ts';

const Input = struct('Input', {
  txid: field(0, bytes(32)),
  vout: field(1, uint(0xffff_ffff)),
  amount: field(2, u64()),
});
const Target = variant({ script: [0, bytes(1, 40)], note: [1, text(1, 20)] });
const Draft = struct('Draft', {
  inputs: field(1, list(Input, 1, 3)),
  version: field(0, literal(2, 'two', null)),
  target: field(2, Target),
  pair: field(3, tuple(bool(), nullable(uint()))),
  memo: optional(4, text(0, 8)),
});
type Draft = Infer<typeof Draft>;

const input: Infer<typeof Input> = {
  txid: new Uint8Array(32).fill(7),
  vout: 2 ** 32 - 1,
  amount: 21n * 10n ** 14n,
};
const draft: Draft = {
  version: 2,
  inputs: [input, { ...input, amount: 5n }],
  target: { kind: 'script', value: Uint8Array.of(0, 20) },
  pair: [true, null],
};

describe('a schema', () => {
  test('reads back the value it wrote, and writes the same bytes again', () => {
    for (const value of [draft, { ...draft, memo: 'Zürich' }, { ...draft, version: null }]) {
      const line = encode(Draft, value);
      expect(decode(Draft, line)).toEqual({ ok: true, value });
      expect(encode(Draft, value)).toEqual(line);
    }
  });

  test.each([0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])(
    'gives %d one JavaScript type, whatever its width on the line',
    (value) => {
      expect(decode(uint(), encode(uint(), value))).toEqual({ ok: true, value });
      expect(decode(u64(), encode(u64(), BigInt(value)))).toEqual({ ok: true, value: BigInt(value) });
      expect(encode(uint(), value)).toEqual(encode(u64(), BigInt(value)));
    },
  );
});

describe('the bounds of a schema belong to it', () => {
  test.each<[string, Schema<unknown>, unknown, string]>([
    ['the least integer', uint(9), 0, '00'],
    ['the greatest integer', uint(9), 9, '09'],
    ['the greatest exact integer', uint(), 2 ** 53 - 1, '1b001fffffffffffff'],
    ['the least bigint', u64(), 0n, '00'],
    ['the greatest bigint', u64(), 2n ** 64n - 1n, '1bffffffffffffffff'],
    ['the shortest byte string', bytes(1, 2), Uint8Array.of(1), '4101'],
    ['the longest byte string', bytes(1, 2), Uint8Array.of(1, 2), '420102'],
    ['the shortest text', text(2, 4), 'ab', '626162'],
    ['the longest text', text(2, 4), 'éé', '64c3a9c3a9'],
    ['the shortest list', list(bool(), 1, 2), [true], '81f5'],
    ['the longest list', list(bool(), 1, 2), [true, false], '82f5f4'],
    ['the smallest literal', literal(0), 0, '00'],
    ['a literal of eight bytes', literal(2 ** 40), 2 ** 40, '1b0000010000000000'],
    ['false as a literal', literal(false), false, 'f4'],
    [
      'the smallest and the greatest key',
      struct('Edge', { a: field(255, bool()), b: field(0, bool()) }),
      { a: true, b: false },
      'a200f418fff5',
    ],
    ['no field at all', struct('Empty', {}), {}, 'a0'],
    ['the greatest tag', variant({ a: [255, bool()] }), { kind: 'a', value: true }, '8218fff5'],
    ['no element at all', tuple(), [], '80'],
  ])('%s', (_, schema, value, line) => {
    expect(toHex(encode(schema, value))).toBe(line);
    expect(decode(schema, fromHex(line))).toEqual({ ok: true, value });
  });
});

/** The detail of the fault that a schema finds in well-formed bytes. */
function detailOf<T>(schema: Schema<T>, line: string): string {
  const result = decode(schema, fromHex(line.replaceAll(' ', '')));
  if (result.ok) throw new Error('The bytes were accepted.');
  expect(result.fault.code).toBe('MALFORMED');
  expect(result.fault.at).toBeUndefined();
  return result.fault.detail;
}

describe('a decoded value outside of its schema is MALFORMED, with its place', () => {
  const Pair = struct('Pair', { left: field(0, uint(9)), right: optional(100, bool()) });
  const Nested = struct('Nested', {
    list: field(0, list(Pair, 0, 5)),
    choice: optional(1, variant({ pair: [4, Pair] })),
  });

  test.each<[string, Schema<unknown>, string, string]>([
    ['an integer above its maximum', uint(9), '0a', 'uint must be 0 to 9'],
    ['an integer above 2^53', uint(), '1b0020000000000000', 'uint must be 0 to 9007199254740991'],
    ['an integer of 2^64 - 1', uint(), '1bffffffffffffffff', 'uint must be 0 to 9007199254740991'],
    ['a text for an integer', uint(), '6131', 'uint must be an unsigned integer'],
    ['a byte string for an integer', u64(), '4101', 'u64 must be an unsigned integer'],
    ['true for an integer', u64(), 'f5', 'u64 must be an unsigned integer'],
    ['a short byte string', bytes(2), '4100', 'bytes must have 2 bytes, not 1'],
    ['a long byte string', bytes(0, 2), '43000000', 'bytes must have 0 to 2 bytes, not 3'],
    ['a text for a byte string', bytes(1), '6141', 'bytes must be a byte string'],
    ['an array for a byte string', bytes(1), '8100', 'bytes must be a byte string'],
    ['a byte string for a text', text(1, 9), '4141', 'text must be a text'],
    ['a short text', text(2, 9), '6141', 'text must have 2 to 9 bytes of UTF-8, not 1'],
    [
      'a text of more bytes than characters',
      text(0, 3),
      '64c3a9c3a9',
      'text must have 0 to 3 bytes of UTF-8, not 4',
    ],
    ['an escape in a text', text(0, 9), '631b5b41', 'text holds the unprintable character U+001b'],
    ['a carriage return in a text', text(0, 9), '63410d42', 'text holds the unprintable character U+000d'],
    ['a C1 control in a text', text(0, 9), '62c285', 'text holds the unprintable character U+0085'],
    ['a bidi override in a text', text(0, 9), '6441e280ae', 'text holds the unprintable character U+202e'],
    [
      'a byte order mark inside a text',
      text(0, 9),
      '6441efbbbf',
      'text holds the unprintable character U+feff',
    ],
    ['a tag character in a text', text(0, 9), '6541f3a08181', 'text holds the unprintable character U+e0041'],
    ['1 for true', bool(), '01', 'bool must be true or false'],
    ['null for false', bool(), 'f6', 'bool must be true or false'],
    ['another literal', literal(1, 'one', null), '02', 'literal must be one of: 1, "one", null'],
    ['the literal as a text', literal(1), '6131', 'literal must be one of: 1'],
    [
      'another integer of eight bytes',
      literal(2 ** 53 - 1),
      '1b001ffffffffffffe',
      'literal must be one of: 9007199254740991',
    ],
    ['a false where null may be', nullable(uint(1)), 'f4', 'uint must be an unsigned integer'],
    ['too few elements', list(uint(), 2, 3), '8100', 'list must have 2 to 3 elements, not 1'],
    ['too many elements', list(uint(), 1, 1), '820000', 'list must have 1 elements, not 2'],
    ['a map for a list', list(uint(), 0, 1), 'a0', 'list must be an array'],
    ['a text for a list', list(text(0, 1), 0, 9), '6141', 'list must be an array'],
    ['a wrong element', list(bool(), 0, 9), '82f500', 'list[1] must be true or false'],
    ['a short tuple', tuple(bool(), bool()), '81f5', 'tuple must be an array of 2 elements'],
    ['a long tuple', tuple(bool()), '82f5f5', 'tuple must be an array of 1 elements'],
    ['a wrong place of a tuple', tuple(bool(), uint()), '82f5f5', 'tuple[1] must be an unsigned integer'],
    ['an array for a struct', Pair, '8100', 'Pair must be a map'],
    ['a missing field', Pair, 'a11864f5', 'Pair.left is missing (key 0)'],
    ['an unknown key', Pair, 'a20000 0100', 'Pair has the unknown key 1'],
    ['an unknown key after all known', Pair, 'a30000 1864f5 1865f5', 'Pair has the unknown key 101'],
    ['an unknown key of 2^32', Pair, 'a20000 1b0000000100000000f6', 'Pair has the unknown key 4294967296'],
    ['null for an absent field', Pair, 'a20000 1864f6', 'Pair.right must be true or false'],
    ['a wrong field deep inside', Nested, 'a10082a10005a1000a', 'Nested.list[1].left must be 0 to 9'],
    [
      'a wrong field in a variant',
      Nested,
      'a2 00 80 01 82 04 a1 00 0a',
      'Nested.choice.pair.left must be 0 to 9',
    ],
    [
      'a variant without its value',
      variant({ a: [0, uint()] }),
      '8100',
      'variant must be an array of 2 elements',
    ],
    [
      'an unknown tag of a variant',
      variant({ a: [0, uint()], b: [7, uint()] }),
      '820100',
      'variant[0] must be one of: 0, 7',
    ],
    [
      'a text for the tag of a variant',
      variant({ a: [0, uint()] }),
      '82613000',
      'variant[0] must be one of: 0',
    ],
  ])('%s', (_, schema, line, detail) => {
    expect(detailOf(schema, line)).toBe(detail);
  });
});

describe('a value outside of its schema is not encoded, and the error names its place', () => {
  const Pair = struct('Pair', { left: field(0, uint(9)), right: optional(1, bool()) });
  const wrong: [string, () => unknown, string][] = [
    ['a negative integer', () => encode(uint(), -1), 'uint: it must be 0 to 9007199254740991.'],
    ['a fraction', () => encode(uint(), 0.5), 'uint: it must be 0 to 9007199254740991.'],
    ['not a number', () => encode(uint(), Number.NaN), 'uint: it must be 0 to 9007199254740991.'],
    [
      'an integer that is not exact',
      () => encode(uint(), 2 ** 53),
      'uint: it must be 0 to 9007199254740991.',
    ],
    ['a bigint below zero', () => encode(u64(), -1n), 'u64: it must be 0 to 2^64 - 1.'],
    ['a bigint of 2^64', () => encode(u64(), 2n ** 64n), 'u64: it must be 0 to 2^64 - 1.'],
    [
      'half of a surrogate pair',
      () => encode(text(0, 9), 'a\ud800'),
      'text: it holds half of a surrogate pair.',
    ],
    [
      'an unprintable character',
      () => encode(text(0, 9), 'a\u202e'),
      'text: it holds the unprintable character U+202e.',
    ],
    ['too many bytes', () => encode(bytes(1), new Uint8Array(2)), 'bytes: it must have 1 bytes, not 2.'],
    [
      'a wrong field',
      () => encode(list(Pair, 0, 2), [{ left: 1 }, { left: 10 }]),
      'list[1].left: it must be 0 to 9.',
    ],
    [
      'an unknown property',
      () => encode(Pair, Object.assign({ left: 1 }, { wide: 2 })),
      'Pair: it has the unknown property "wide".',
    ],
    [
      'a variant with more',
      () => encode(variant({ a: [0, bool()] }), Object.assign({ kind: 'a', value: true } as const, { b: 1 })),
      'variant: it must hold kind and value only.',
    ],
  ];

  test.each(wrong)('%s', (_, call, message) => {
    expect(call).toThrow(`Cannot encode ${message}`);
  });

  test('nor is what the compiler could not see', () => {
    const pair: Schema<unknown> = Pair;
    const either: Schema<unknown> = variant({ a: [0, bool()] });
    for (const value of [null, undefined, 5, 'left']) {
      expect(() => encode(pair, value)).toThrow('Cannot encode Pair: it must be an object.');
      expect(() => encode(either, value)).toThrow('Cannot encode variant: it must have a kind of: a.');
    }
    expect(() => encode(pair, { left: 1, toString: true })).toThrow('has the unknown property "toString"');
    expect(() => encode(either, { kind: 'toString', value: true })).toThrow('must have a kind of: a');
    expect(() => encode(either, { kind: 0, value: true })).toThrow('must have a kind of: a');
  });

  test('nor is one that nests deeper than the scanner lets through', () => {
    let schema: Schema<unknown> = uint();
    let value: unknown = 0;
    for (let depth = 0; depth < 9; depth += 1) {
      schema = tuple(schema);
      value = [value];
    }
    expect(() => encode(schema, value)).toThrow(
      'the scanner refuses the result: nested deeper than 8 levels',
    );
  });

  test('the compiler refuses it first', () => {
    // @ts-expect-error: left is missing
    expect(() => encode(Pair, {})).toThrow('Pair.left: it must be a number');
    // @ts-expect-error: no such case
    expect(() => encode(variant({ a: [0, bool()] }), { kind: 'b', value: true })).toThrow(
      'must have a kind of: a',
    );
    // @ts-expect-error: one element too many
    expect(() => encode(tuple(bool()), [true, true])).toThrow('must be an array of 1 elements');
  });

  test('an optional field that is undefined is left out', () => {
    const loose: Schema<unknown> = Pair;
    expect(encode(loose, { left: 1, right: undefined })).toEqual(encode(Pair, { left: 1 }));
  });
});

describe('a schema cannot be defined', () => {
  test.each<[string, () => unknown]>([
    ['with one key for two fields', () => struct('Twice', { a: field(1, bool()), b: optional(1, bool()) })],
    ['with a key that is not a small unsigned integer', () => struct('Wide', { a: field(256, bool()) })],
    ['with one tag for two cases', () => variant({ a: [1, bool()], b: [1, uint()] })],
    ['with a literal that is not exact', () => literal(2 ** 53)],
    ['with a literal that no bytes can give', () => literal('a\u0000')],
    ['with a literal below zero', () => literal(-1)],
    ['with a key below zero', () => struct('Negative', { a: field(-1, bool()) })],
    ['with a tag that is not an integer', () => variant({ a: [0.5, bool()] })],
    ['with a literal that is half of a surrogate pair', () => literal('\ud800')],
    ['with a maximum that is not an integer', () => uint(0.5)],
  ])('%s', (_, define) => {
    expect(define).toThrow();
  });
});

describe('decoding and the memory of the caller', () => {
  const Blob = struct('Blob', { id: field(0, bytes(4)) });
  const line = encode(Blob, { id: Uint8Array.of(1, 2, 3, 4) });

  test('byte strings are copies of their own class, also from a Buffer', () => {
    const source = Buffer.from(line);
    const result = decode(Blob, source);
    source.fill(0xff);
    expect(result).toEqual({ ok: true, value: { id: Uint8Array.of(1, 2, 3, 4) } });
    expect(result.ok && result.value.id.constructor).toBe(Uint8Array);
    expect(result.ok && result.value.id.buffer.byteLength).toBe(4);
  });

  test('a view into a larger buffer is read from its own offset', () => {
    const larger = Uint8Array.from([0xff, ...line, 0xff]);
    expect(decode(Blob, larger.subarray(1, -1)).ok).toBe(true);
    expect(decode(Blob, larger.subarray(1)).ok).toBe(false);
  });

  test('nothing is left behind on the input', () => {
    const source = Uint8Array.from(line);
    decode(Blob, source);
    expect(Object.keys(source)).toEqual(Object.keys(line));
  });

  test('an encoding keeps its bytes when the next one is made', () => {
    const first = encode(Blob, { id: Uint8Array.of(1, 1, 1, 1) });
    encode(Blob, { id: Uint8Array.of(2, 2, 2, 2) });
    expect(toHex(first)).toBe('a1004401010101');
    expect(first.buffer.byteLength).toBe(7);
  });

  test('a byte string may be given as a Buffer or as a view', () => {
    const larger = Buffer.from('ff01020304ff', 'hex');
    expect(encode(Blob, { id: larger.subarray(1, 5) })).toEqual(line);
  });

  test('the size limit is the one given', () => {
    expect(decode(Blob, line, line.length).ok).toBe(true);
    expect(decode(Blob, line, line.length - 1)).toMatchObject({ ok: false, fault: { code: 'TOO_LARGE' } });
  });

  test('a fault quotes nothing of the sender', () => {
    for (const hostile of ['a1695f5f70726f746f5f5f00', 'a1006c1b5b324a68690d0a6869e280ae']) {
      const result = decode(Blob, fromHex(hostile));
      expect(result.ok ? '' : result.fault.detail).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.stringify(result)).not.toMatch(/proto|hi/);
    }
  });
});
