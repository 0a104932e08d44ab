/**
 * Freezes new vectors: appends a line to protocol-spec/vectors/SHA256SUMS for every vector that has none. Refuses, naming the
 * file and writing nothing, if a listed one is changed or gone: a change of bytes is another version of the wire.
 * Run: `node scripts/spec/freeze.ts`.
 */
import '@coldwire/program/runtime.ts';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { SPEC } from './texts.ts';

/** The form of `sha256sum`, whose `-c` reads it. */
const LINE = /^([0-9a-f]{64}) {2}(\S+)$/;

export interface Frozen {
  /** Lines of the vectors that are listed or new, sorted by path. */
  readonly lines: readonly string[];
  readonly added: readonly string[];
  readonly problems: readonly string[];
}

/** Compares the vectors below `folder` with the lines of its SHA256SUMS, both ways. */
export function compareFrozen(folder: string, sums: string): Frozen {
  const listed = readSums(sums);
  const found = new Map(listVectors(folder).map((path) => [path, hashFile(join(folder, path))]));
  const gone = [...listed.keys()].filter((path) => !found.has(path));
  const changed = [...found].filter(([path, hash]) => (listed.get(path) ?? hash) !== hash);
  return {
    lines: [...found].map(([path, hash]) => `${hash}  ${path}`),
    added: [...found.keys()].filter((path) => !listed.has(path)),
    problems: [
      ...gone.map((path) => `${path} is frozen and gone: bring it back`),
      ...changed.map(([path]) => `${path} is frozen and changed: bring its bytes back`),
    ],
  };
}

function readSums(sums: string): ReadonlyMap<string, string> {
  const listed = new Map<string, string>();
  for (const line of sums.split('\n').slice(0, -1)) {
    const [, hash, path] = LINE.exec(line) ?? [];
    if (hash === undefined || path === undefined)
      throw new Error(`SHA256SUMS: no line of sha256sum: ${line}`);
    if (listed.has(path)) throw new Error(`SHA256SUMS: two lines for ${path}`);
    listed.set(path, hash);
  }
  return listed;
}

function listVectors(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== 'SHA256SUMS' && path !== 'README.md')
    .sort();
}

const hashFile = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

function main(): void {
  const folder = join(SPEC, 'vectors');
  const file = join(folder, 'SHA256SUMS');
  const { lines, added, problems } = compareFrozen(folder, readFileSync(file, 'utf8'));
  for (const problem of problems) process.stderr.write(`freeze: ${problem}\n`);
  if (problems.length > 0) {
    process.exitCode = 1;
    return;
  }
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  process.stdout.write(`${added.length} vectors added, ${lines.length} frozen\n`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    // Never mended by this program: what was frozen is known to the history alone.
    const what = error instanceof Error ? error.message : String(error);
    process.stderr.write(`freeze: ${what}. Bring SHA256SUMS back from the history.\n`);
    process.exitCode = 2;
  }
}
