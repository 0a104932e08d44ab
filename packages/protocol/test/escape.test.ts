import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeText } from '../src/escape.ts';
import { findUnprintable } from '../src/unprintable.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
);

/** The way back, which shows that nothing was lost. */
function unescapeText(escaped: string): string {
  return escaped.replace(/\\(?:\\|u\{([0-9a-f]+)\})/g, (_, hex: string | undefined) =>
    hex === undefined ? '\\' : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

describe('an escaped text', () => {
  test.each([
    ['a colour', '\u001b[31mpaid\u001b[0m', '\\u{1b}[31mpaid\\u{1b}[0m'],
    ['a title', '\u001b]0;root\u0007', '\\u{1b}]0;root\\u{7}'],
    ['an 8-bit control sequence', '\u009b2J', '\\u{9b}2J'],
    ['a carriage return', 'refused\rcleared', 'refused\\u{d}cleared'],
    ['a new line', 'a\nOK: signed', 'a\\u{a}OK: signed'],
    ['a backspace', '100\b\b\b999', '100\\u{8}\\u{8}\\u{8}999'],
    ['a right-to-left override', 'pay\u202e001', 'pay\\u{202e}001'],
    ['an isolate', '\u2067x\u2069', '\\u{2067}x\\u{2069}'],
    ['a right-to-left letter before an amount', '\u05d0 100 -> 20', '\\u{5d0} 100 -> 20'],
    ['a zero-width space', 'bob\u200b', 'bob\\u{200b}'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a lone high surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['a lone low surrogate', '\udc00', '\\u{dc00}'],
    ['what looks like an escape already', '\\u{1b}', '\\\\u{1b}'],
    ['nothing of the kind', 'Zürich, 東京 🚀 "17"', 'Zürich, 東京 🚀 "17"'],
    ['no text', '', ''],
  ])('shows %s', (_, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('has nothing unprintable, nothing from right to left and no half of a pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = escapeText(text);
        expect(findUnprintable(shown)).toBeUndefined();
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(
          /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u,
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('can be turned back, so two texts never give one', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(unescapeText(escapeText(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });
});
