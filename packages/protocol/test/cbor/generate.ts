// What the property tests draw from: plain values of the profile, schemas together with values of theirs, and damaged
// bytes; and a second encoder, written from RFC 8949 without a look at the code under test.

import fc from 'fast-check';
import {
  bool,
  bytes,
  DEFAULT_MAX_BYTES,
  field,
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
import { findUnprintable } from '../../src/unprintable.ts';

/** Integers are bigints here, whatever their size. */
export type Value = null | boolean | bigint | string | Uint8Array | readonly Value[] | Map<bigint, Value>;

const WIDTHS: readonly (readonly [below: bigint, info: number, size: number])[] = [
  [1n << 8n, 24, 1],
  [1n << 16n, 25, 2],
  [1n << 32n, 26, 4],
  [1n << 64n, 27, 8],
];

export function writeHead(major: number, argument: bigint): number[] {
  if (argument < 24n) return [major * 32 + Number(argument)];
  const [, info, size] = WIDTHS.find(([below]) => argument < below) ?? [0n, 0, 0];
  const big = Array.from({ length: size }, (_, index) =>
    Number((argument >> BigInt(8 * (size - 1 - index))) & 0xffn),
  );
  return [major * 32 + info, ...big];
}

export function writeReference(value: Value): number[] {
  if (value === null) return [0xf6];
  if (typeof value === 'boolean') return [value ? 0xf5 : 0xf4];
  if (typeof value === 'bigint') return writeHead(0, value);
  if (typeof value === 'string') {
    const utf8 = new TextEncoder().encode(value);
    return [...writeHead(3, BigInt(utf8.length)), ...utf8];
  }
  if (value instanceof Uint8Array) return [...writeHead(2, BigInt(value.length)), ...value];
  if (value instanceof Map) {
    const pairs = [...value].sort(([left], [right]) => (left < right ? -1 : 1));
    return [
      ...writeHead(5, BigInt(pairs.length)),
      ...pairs.flatMap(([key, of]) => [...writeHead(0, key), ...writeReference(of)]),
    ];
  }
  return [...writeHead(4, BigInt(value.length)), ...value.flatMap(writeReference)];
}

/** What any decoder gave, in the one notation of this file. Throws on what the profile does not have. */
export function normalize(decoded: unknown): Value {
  if (decoded === null || typeof decoded === 'boolean' || typeof decoded === 'string') return decoded;
  if (typeof decoded === 'number' || typeof decoded === 'bigint') return BigInt(decoded);
  if (decoded instanceof Uint8Array) return Uint8Array.from(decoded);
  if (Array.isArray(decoded)) return decoded.map(normalize);
  if (decoded instanceof Map) {
    return new Map([...decoded].map(([key, value]) => [BigInt(key), normalize(value)]));
  }
  throw new Error(`Not a value of the profile: ${typeof decoded}`);
}

const edges = [
  0n,
  23n,
  24n,
  255n,
  256n,
  65_535n,
  65_536n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 64n - 1n,
];
const integers = fc.oneof(fc.constantFrom(...edges), fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 40n));
const texts = fc.string({ unit: 'binary', maxLength: 90 }).filter((drawn) => !drawn.startsWith('\ufeff'));

/** Draws that grew above a message are dropped; so every limit is met by default. */
const fits = (value: Value): boolean => writeReference(value).length <= DEFAULT_MAX_BYTES;

/** At most five levels of containers. */
export const values: fc.Arbitrary<Value> = fc
  .letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.oneof(integers, texts, fc.uint8Array({ maxLength: 300 }), fc.constantFrom(null, true, false)),
      fc.array(tie('value'), { maxLength: 30 }),
      fc
        .uniqueArray(fc.tuple(integers, tie('value')), { maxLength: 30, selector: ([key]) => key })
        .map((pairs) => new Map(pairs)),
    ),
  }))
  .value.filter(fits);

type Edit = { readonly at: number; readonly remove: number; readonly insert: readonly number[] };
// Bytes that begin something: heads of every major type and width, breaks, tags, floats, bad UTF-8.
const heads = [
  0x18, 0x19, 0x1b, 0x20, 0x40, 0x58, 0x5f, 0x60, 0x78, 0x80, 0x98, 0x9f, 0xa0, 0xa1, 0xb8, 0xbf, 0xc0, 0xc2,
];
const odd = [...heads, 0xd8, 0xe0, 0xed, 0xf4, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xff, 0x00, 0x01];
const edits: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(400),
  remove: fc.constantFrom(0, 0, 1, 1, 2, 9),
  insert: fc.array(fc.oneof(fc.constantFrom(...odd), fc.nat(255)), { maxLength: 3 }),
});

/** Valid bytes with one to three places overwritten, cut out or filled in. */
export const mutants: fc.Arbitrary<Uint8Array> = fc
  .tuple(values.map(writeReference), fc.array(edits, { minLength: 1, maxLength: 3 }))
  .map(([valid, drawn]) => {
    const mutated = [...valid];
    for (const { at, remove, insert } of drawn) mutated.splice(at % (mutated.length + 1), remove, ...insert);
    return Uint8Array.from(mutated);
  });

/** A schema, a value of it, and the plain value that its encoding has to be. */
export type Sample = { readonly schema: Schema<unknown>; readonly value: unknown; readonly plain: Value };

const printable = fc.string({ unit: 'binary', maxLength: 40 }).map((drawn) => {
  return [...drawn].filter((character) => findUnprintable(character) === undefined).join('');
});
const scalars: fc.Arbitrary<Sample> = fc.oneof(
  fc.maxSafeNat().map((value) => ({ schema: uint(), value, plain: BigInt(value) })),
  integers.map((value) => ({ schema: u64(), value, plain: value })),
  fc.uint8Array({ maxLength: 90 }).map((value) => ({ schema: bytes(0, 90), value, plain: value })),
  printable.map((value) => ({ schema: text(0, 200), value, plain: value })),
  fc.boolean().map((value) => ({ schema: bool(), value, plain: value })),
  fc.constantFrom(7, 2 ** 40, 'seven', true, null).map((value) => ({
    schema: literal(7, 2 ** 40, 'seven', true, null),
    value,
    plain: typeof value === 'number' ? BigInt(value) : value,
  })),
);

function toStruct(members: readonly (readonly [key: number, sample: Sample, presence: string])[]): Sample {
  const present = members.filter(([, , presence]) => presence !== 'absent');
  const fields = members.map(([key, { schema }, presence]) => {
    return [`f${key}`, presence === 'required' ? field(key, schema) : optional(key, schema)] as const;
  });
  return {
    schema: struct('Sample', Object.fromEntries(fields)),
    value: Object.fromEntries(present.map(([key, { value }]) => [`f${key}`, value])),
    plain: new Map(present.map(([key, { plain }]) => [BigInt(key), plain])),
  };
}

export const samples: fc.Arbitrary<Sample> = fc
  .letrec<{ sample: Sample }>((tie) => ({
    sample: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      scalars,
      tie('sample').map(({ schema, value, plain }) => ({ schema: nullable(schema), value, plain })),
      tie('sample').map(({ schema }) => ({ schema: nullable(schema), value: null, plain: null })),
      fc.tuple(tie('sample'), fc.nat(12)).map(([{ schema, value, plain }, length]) => ({
        schema: list(schema, 0, 12),
        value: new Array(length).fill(value),
        plain: new Array(length).fill(plain),
      })),
      fc.array(tie('sample'), { maxLength: 6 }).map((parts) => ({
        schema: tuple(...parts.map(({ schema }) => schema)),
        value: parts.map(({ value }) => value),
        plain: parts.map(({ plain }) => plain),
      })),
      fc
        .uniqueArray(
          fc.tuple(fc.nat(255), tie('sample'), fc.constantFrom('required', 'optional', 'absent')),
          {
            maxLength: 30,
            selector: ([key]) => key,
          },
        )
        .map(toStruct),
      fc.tuple(fc.nat(255), tie('sample')).map(([tag, { schema, value, plain }]) => ({
        schema: variant({ chosen: [tag, schema], other: [(tag + 1) % 256, bool()] }),
        value: { kind: 'chosen', value },
        plain: [BigInt(tag), plain],
      })),
    ),
  }))
  .sample.filter(({ plain }) => fits(plain));
