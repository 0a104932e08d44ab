/** The escapes of what programs print: the protocol's for lines that people read, JSON's own for lines of JSON. */
import { RIGHT_TO_LEFT_RANGES } from '@coldwire/protocol/escape.ts';
import { UNPRINTABLE_RANGES } from '@coldwire/protocol/unprintable.ts';

export { escapeText } from '@coldwire/protocol/escape.ts';

const CLASS = [...UNPRINTABLE_RANGES, ...RIGHT_TO_LEFT_RANGES].map(
  ([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`,
);
const ESCAPED = new RegExp(`[${CLASS.join('')}]`, 'gu');

/** Escapes in a text that is JSON already; it still parses to the same value. */
export function escapeJson(json: string): string {
  return json.replace(ESCAPED, (char) =>
    Array.from({ length: char.length }, (_, i) => char.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
