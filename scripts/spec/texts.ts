/** Reads what the specification check compares: the specification's files, the sources, the tests and the vectors. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const SPEC = join(ROOT, 'protocol-spec');

/** A file by its path in the repository. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** All files below a directory whose path matches, in order. No link is followed. */
export function readFiles(directory: string, wanted: RegExp): readonly TextFile[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => wanted.test(path) && !path.includes('node_modules'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

export const readSpec = (name: string): string => readFileSync(join(SPEC, name), 'utf8');

/** The places where a source compares, makes or lists a code: the code between quotes. */
export function quotes(text: string, code: string): boolean {
  return text.includes(`'${code}'`) || text.includes(`"${code}"`) || text.includes(`\`${code}\``);
}

/** Whether a code stands in a text as a word of its own. */
export function names(text: string, code: string): boolean {
  return new RegExp(`(?<![A-Z_])${code}(?![A-Z_])`).test(text);
}

/** A vector's `name: value` lines. */
export function readLines({ text }: TextFile): ReadonlyMap<string, string> {
  const [head = ''] = text.split('\n\n');
  return new Map(
    head.split('\n').map((line): [string, string] => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
}

/** What one comparison looked at, and what it found wrong. */
export interface Finding {
  readonly what: string;
  readonly count: number;
  readonly problems: readonly string[];
}
