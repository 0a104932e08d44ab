// Shows a text that a stranger wrote to people, on one line of a terminal or log: nothing in it moves the cursor,
// hides, recolours, breaks the line or reorders what stands around it, and two different texts never look the same
// for want of an escape. Escaped are unprintable characters (protocol-spec/1-cbor.md, 1.5), halves of surrogate pairs,
// the backslash, and letters written from right to left: beside one of those a terminal may show digits in another
// order than they were written, and an amount is read wrong.

import { UNPRINTABLE_RANGES } from './unprintable.ts';

/** The blocks that Unicode reserves for right-to-left scripts (UAX 9, default bidi classes R and AL). */
export const RIGHT_TO_LEFT_RANGES: typeof UNPRINTABLE_RANGES = [
  [0x590, 0x8ff],
  [0xfb1d, 0xfdff],
  [0xfe70, 0xfeff],
  [0x10800, 0x10fff],
  [0x1e800, 0x1efff],
];
const SURROGATES: typeof UNPRINTABLE_RANGES = [[0xd800, 0xdfff]];

const CLASS = [...UNPRINTABLE_RANGES, ...RIGHT_TO_LEFT_RANGES, ...SURROGATES]
  .map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`)
  .join('');
const ESCAPED = new RegExp(`[\\\\${CLASS}]`, 'gu');

/** Writes what must not be shown as `\u{1b}`, and a backslash as two. Any string is accepted. */
export function escapeText(text: string): string {
  return text.replace(ESCAPED, (character) =>
    character === '\\' ? '\\\\' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
