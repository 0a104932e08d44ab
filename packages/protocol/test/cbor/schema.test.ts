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

const hex = (value: string) => Uint8Array.from(Buffer.from(value, 'hex'));

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

function detailOf<T>(schema: Schema<T>, line: string): string {
  const result = decode(schema, hex(line));
  if (result.ok) throw new Error('was accepted');
  expect(result.fault.code).toBe('MALFORMED');
  expect(result.fault.at).toBeUndefined();
  return result.fault.detail;
}

describe('a decoded value outside of its schema', () => {
  test('is named by its path', () => {
    const small = struct('Small', {
      list: field(0, list(struct('Inner', { amount: field(3, uint(9)) }), 0, 5)),
    });
    expect(detailOf(small, 'a10082a10305a1030a')).toBe('Small.list[1].amount must be 0 to 9');
  });
});
