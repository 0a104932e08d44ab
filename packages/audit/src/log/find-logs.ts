/**
 * Finds evidence logs: a directory that holds one, or whatever lies below it. Does not follow links.
 * Refuses a path without any log in it.
 */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure } from '@coldwire/program';

const SEGMENT = /^evidence-\d{6}\.cborseq$/;
const DEPTH_MAX = 6;

/** Directories with a log, each once, in the order of their paths. @throws Failure */
export function findLogs(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const before = found.size;
    const real = realpathSync(path);
    search(real, 0, found);
    if (found.size === before && ![...found].some((log) => log.startsWith(real))) {
      throw new Failure(EXIT.BAD_INPUT, {
        what: 'there is no evidence log in it',
        where: path,
        todo: 'Name a state directory of a signer or gate, a line directory of a vault, or one above them.',
      });
    }
  }
  return [...found].sort();
}

function search(directory: string, depth: number, found: Set<string>): void {
  if (!lstatSync(directory).isDirectory()) return;
  const entries = readdirSync(directory, { withFileTypes: true });
  if (entries.some((entry) => entry.isFile() && SEGMENT.test(entry.name))) found.add(directory);
  if (depth === DEPTH_MAX) return;
  for (const entry of entries) {
    if (entry.isDirectory()) search(join(directory, entry.name), depth + 1, found);
  }
}
