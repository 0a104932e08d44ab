/**
 * What earlier runs found out: lines of JSON, written as verdicts come, so that a run that was stopped goes on where it was.
 *
 * A kill, and what the compiler refuses, is taken over while its source is the same. A survivor is taken over only while nothing in
 * its packages has changed, tests included. Of a kill in another version of a source the test is the first to be tried.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, globSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf } from './explained.ts';
import { field, isRecord } from './json.ts';
import type { Verdict } from './judge.ts';
import type { Mutant } from './mutants.ts';

export type Status = Verdict['status'];

export interface Known {
  readonly statusOf: (mutant: Mutant) => Status | undefined;
  /** The test that killed it last, be it in another version of its source; empty if it was none or is not known. */
  readonly killerOf: (mutant: Mutant) => string;
}

/** Of each source: its own hash, and one over everything in its packages. */
export type Hashes = ReadonlyMap<string, { readonly source: string; readonly world: string }>;

export function hashSources(root: string, sources: readonly string[], own: readonly string[]): Hashes {
  const all = createHash('sha256');
  for (const file of globSync(
    [...own, 'test/world'].map((path) => `${path}/**/*.ts`),
    { cwd: root },
  ).sort())
    all.update(`${file}\n`).update(readFileSync(join(root, file)));
  const world = all.digest('hex');
  const sourceOf = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(root, file)))
      .digest('hex');
  return new Map(sources.map((file) => [file, { source: sourceOf(file), world }]));
}

const STATUSES: readonly Status[] = ['killed', 'survived', 'refused'];

/** A file that is not there yet has no verdicts. */
export function readKnown(paths: readonly string[], hashes: Hashes): Known {
  const found = new Map<string, Status>();
  const killers = new Map<string, string>();
  for (const path of paths.filter((one) => existsSync(one))) {
    const lines = readFileSync(path, 'utf8').split('\n');
    // The last line is empty, or torn by whatever ended the run.
    for (const line of lines.slice(0, -1)) {
      const row: unknown = JSON.parse(line);
      if (!isRecord(row)) throw new Error(`${path} has a line that is no object`);
      const key = field(row, 'mutant', 'string');
      const status = STATUSES.find((one) => one === row['status']);
      if (status === undefined) throw new Error(`${path} has a line without a status`);
      if (status === 'killed') killers.set(key, field(row, 'killer', 'string'));
      const now = hashes.get(field(row, 'file', 'string'));
      const isSame = now?.source === row['source'] && (status !== 'survived' || now?.world === row['world']);
      if (isSame) found.set(key, status);
    }
  }
  return {
    statusOf: (mutant) => found.get(keyOf(mutant)),
    killerOf: (mutant) => killers.get(keyOf(mutant)) ?? '',
  };
}

/** Makes what adds one verdict to a file. A last line that is torn is cut off. */
export function openKnown(path: string, hashes: Hashes): (verdict: Verdict) => void {
  if (existsSync(path)) truncateSync(path, readFileSync(path).lastIndexOf('\n') + 1);
  return ({ mutant, status, killer }) => {
    const { file } = mutant;
    const row = { file, ...hashes.get(file), mutant: keyOf(mutant), status, killer };
    appendFileSync(path, `${JSON.stringify(row)}\n`);
  };
}
