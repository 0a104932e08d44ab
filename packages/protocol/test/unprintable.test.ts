import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findUnprintable, UNPRINTABLE_RANGES } from '../src/unprintable.ts';

const listed = (point: number) => UNPRINTABLE_RANGES.some(([first, last]) => point >= first && point <= last);

test('every character that Unicode calls control, format, separator or ignorable is unprintable', () => {
  const pattern = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
  const missed: string[] = [];
  for (let point = 0; point <= 0x10ffff; point += 1) {
    const surrogate = point >= 0xd800 && point <= 0xdfff;
    if (!surrogate && pattern.test(String.fromCodePoint(point)) && !listed(point))
      missed.push(point.toString(16));
  }
  expect(missed).toEqual([]);
});

test('the search finds exactly what the list holds', () => {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (findUnprintable(String.fromCodePoint(point)) !== (listed(point) ? point : undefined)) {
      expect.fail(`U+${point.toString(16)} is judged otherwise than listed`);
    }
  }
});

test('the ranges ascend and do not touch', () => {
  for (const [index, [first, last]] of UNPRINTABLE_RANGES.entries()) {
    expect(first).toBeLessThanOrEqual(last);
    const next = UNPRINTABLE_RANGES[index + 1];
    if (next !== undefined) expect(next[0]).toBeGreaterThan(last + 1);
  }
});

test.each(['', 'payout 17', 'Zürich, 東京, Ελλάδα', '🚀', 'ab\u0301'])(
  '%j has nothing unprintable',
  (text) => {
    expect(findUnprintable(text)).toBeUndefined();
  },
);

test('the list is the one that the specification prints', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../protocol-spec/1-cbor.md'), 'utf8');
  const section = page.slice(page.indexOf('## 1.5'), page.indexOf('## 1.6'));
  const printed = section
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .join(' ')
    .trim()
    .split(/\s+/);
  const hex = (point: number) => point.toString(16).toUpperCase().padStart(4, '0');
  expect(printed).toEqual(
    UNPRINTABLE_RANGES.map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`)),
  );
});
