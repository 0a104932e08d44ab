import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decode, type Schema, scan } from '../../src/cbor/index.ts';
import { readVectors } from './read-vectors.ts';

const vectors = readVectors();
const anything: Schema<unknown> = { name: 'Anything', read: (plain) => plain, write: () => null };

/** The rules that the specification lists, each in a heading or in the first column of its table. */
function readRules(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../../protocol-spec/1-cbor.md'), 'utf8');
  return [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].flatMap(([, rule]) =>
    rule === undefined ? [] : [rule],
  );
}

describe('the vectors of deterministic CBOR', () => {
  test('cover every rule of the specification with a refusal, and name no other rule', () => {
    const refused = vectors.filter((vector) => vector.expect !== 'ok').map((vector) => vector.rule);
    expect(new Set(refused)).toEqual(new Set(readRules()));
    expect(readRules()).toEqual(expect.arrayContaining(vectors.map((vector) => vector.rule)));
  });

  test('have a name that says which way they go', () => {
    for (const { name, expect: code } of vectors) {
      expect(name.startsWith(code === 'ok' ? 'accept-' : 'refuse-'), name).toBe(true);
    }
  });

  test.each(vectors)('$name gives $expect', ({ bytes, expect: code }) => {
    expect(scan(bytes)?.code ?? 'ok').toBe(code);
    const result = decode(anything, bytes);
    expect(result.ok ? 'ok' : result.fault.code).toBe(code);
  });

  test.each(vectors.filter((vector) => vector.expect === 'ok'))(
    '$name is MALFORMED when cut anywhere',
    (vector) => {
      for (let length = 0; length < vector.bytes.length; length += 1) {
        expect(scan(vector.bytes.subarray(0, length))?.code, `${length} bytes`).toBe('MALFORMED');
      }
    },
  );

  // What is refused for bytes after the item has a prefix that is an item; nothing else has.
  test.each(vectors.filter((vector) => vector.expect !== 'ok' && vector.rule !== 'one-item'))(
    '$name is refused when cut anywhere',
    ({ bytes }) => {
      for (let length = 0; length < bytes.length; length += 1) {
        expect(scan(bytes.subarray(0, length)), `${length} bytes`).toBeDefined();
      }
    },
  );
});
