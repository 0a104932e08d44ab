/**
 * A program's answer on stdout, for people or (`--json`) as one JSON line, and progress on stderr, so that
 * stdout can always be piped.
 */
import process from 'node:process';
import { escapeJson, escapeText } from './escape.ts';

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export interface Output {
  /** Prints the answer: `value` as one JSON line, or the lines that `people` makes of it. Strings inside those
   * lines that came from elsewhere are escaped line by line. */
  answer(value: JsonValue, people: () => string): void;
  /** Prints one line on stderr about work that takes long. */
  progress(line: string): void;
}

interface TextSink {
  write(text: string): unknown;
}

/** One line of JSON. Amounts (bigint, sat) become decimal strings, so no reader rounds them; bytes become hex. */
export function toJsonLine(value: JsonValue): string {
  return escapeJson(JSON.stringify(plain(value)));
}

function plain(value: JsonValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

export function makeOutput(
  json: boolean,
  stdout: TextSink = process.stdout,
  stderr: TextSink = process.stderr,
): Output {
  const escapeLines = (text: string): string => text.split('\n').map(escapeText).join('\n');
  return {
    answer: (value, people) => {
      stdout.write(`${json ? toJsonLine(value) : escapeLines(people())}\n`);
    },
    progress: (line) => {
      stderr.write(json ? `${toJsonLine({ event: 'progress', text: line })}\n` : `${escapeText(line)}\n`);
    },
  };
}
