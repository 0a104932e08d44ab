/**
 * What earlier runs killed, and with which test: lines of JSON, written as kills come, so that a run that was stopped goes on where
 * it was. A kill is taken over while its source is the same; where the source is another, its test is only the first to be tried.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { keyOf } from './explained.ts';
import { field, isRecord } from './json.ts';
import type { Verdict } from './judge.ts';
import type { Mutant } from './mutants.ts';

export interface Kills {
  /** Whether it was killed in the very source that stands there now. */
  readonly isKilled: (mutant: Mutant) => boolean;
  /** The test that killed it last, be it in another version of its source; empty if it was none or is not known. */
  readonly killerOf: (mutant: Mutant) => string;
}

export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** @param hashes of the sources as they are now. A file that is not there yet has no kills. */
export function readKills(paths: readonly string[], hashes: ReadonlyMap<string, string>): Kills {
  const killed = new Set<string>();
  const killers = new Map<string, string>();
  for (const path of paths.filter((one) => existsSync(one))) {
    const lines = readFileSync(path, 'utf8').split('\n');
    // The last line is empty, or torn by whatever ended the run.
    for (const line of lines.slice(0, -1)) {
      const row: unknown = JSON.parse(line);
      if (!isRecord(row)) throw new Error(`${path} has a line that is no object`);
      const key = field(row, 'mutant', 'string');
      killers.set(key, field(row, 'killer', 'string'));
      if (hashes.get(field(row, 'file', 'string')) === field(row, 'source', 'string')) killed.add(key);
    }
  }
  return {
    isKilled: (mutant) => killed.has(keyOf(mutant)),
    killerOf: (mutant) => killers.get(keyOf(mutant)) ?? '',
  };
}

/** Makes what adds one kill to a file. A last line that is torn is cut off. */
export function openKills(path: string, hashes: ReadonlyMap<string, string>): (verdict: Verdict) => void {
  if (existsSync(path)) truncateSync(path, readFileSync(path).lastIndexOf('\n') + 1);
  return ({ mutant, killer }) => {
    const { file } = mutant;
    const row = { file, source: hashes.get(file), mutant: keyOf(mutant), killer };
    appendFileSync(path, `${JSON.stringify(row)}\n`);
  };
}
