// Characters that change how a line looks without being seen in it: controls, line and paragraph separators, bidi and
// other format characters, and everything that renders as nothing. Protocol texts refuse them;
// what people are shown escapes them (protocol-spec/1-cbor.md, 1.5). The list is Cc, Cf, Zl, Zp and Default_Ignorable_Code_Point of Unicode 17,
// frozen here: a runtime's own tables move, and a replay must reach the verdict of the day it was made.

/** Inclusive ranges of code points, ascending. */
export const UNPRINTABLE_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x600, 0x605],
  [0x61c, 0x61c],
  [0x6dd, 0x6dd],
  [0x70f, 0x70f],
  [0x890, 0x891],
  [0x8e2, 0x8e2],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x110bd, 0x110bd],
  [0x110cd, 0x110cd],
  [0x13430, 0x1343f],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

const CLASS = UNPRINTABLE_RANGES.map(
  ([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`,
).join('');
const FIRST_UNPRINTABLE = new RegExp(`[${CLASS}]`, 'u');

/** The first unprintable code point of a text, or undefined. Lone surrogates are not looked for. */
export function findUnprintable(text: string): number | undefined {
  return FIRST_UNPRINTABLE.exec(text)?.[0].codePointAt(0);
}
