/**
 * The survivors that somebody has looked at (survivors.json): each with one sentence why nothing that can be observed changes. An
 * entry whose mutant is gone or gets killed is an error, so that no excuse outlives its reason.
 */
import { readFileSync } from 'node:fs';
import { field, isRecord } from './json.ts';
import type { Mutant } from './mutants.ts';

export interface Explained {
  readonly file: string;
  readonly where: string;
  readonly original: string;
  readonly replacement: string;
  readonly nth: number;
  readonly why: string;
}

type Named = Omit<Explained, 'why'>;

/** A mutant's name: everything but its line and number. */
export const keyOf = ({ file, where, original, replacement, nth }: Named): string =>
  JSON.stringify([file, where, original, replacement, nth]);

export function readExplained(path: string | URL): readonly Explained[] {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(value)) throw new Error(`${path} is not a list`);
  return value.map((row: unknown) => {
    if (!isRecord(row)) throw new Error(`${path} has an entry that is no object`);
    const text = (name: string): string => field(row, name, 'string');
    const nth = field(row, 'nth', 'number');
    const named = { file: text('file'), where: text('where'), original: text('original') };
    return { ...named, replacement: text('replacement'), nth, why: text('why') };
  });
}

/** What is wrong with the entries: gone, killed, refused by the compiler, listed twice, or without a reason. */
export function findStale(
  explained: readonly Explained[],
  judged: { readonly mutants: readonly Mutant[]; readonly survivors: readonly Mutant[] },
): readonly string[] {
  const known = new Set(judged.mutants.map(keyOf));
  const alive = new Set(judged.survivors.map(keyOf));
  const seen = new Set<string>();
  return explained.flatMap((entry) => {
    const key = keyOf(entry);
    const isTwice = seen.has(key);
    seen.add(key);
    const text = `${entry.file}, ${entry.where}: ${entry.original} → ${entry.replacement}`;
    if (isTwice) return [`explained twice: ${text}`];
    if (entry.why.trim().length < 20) return [`not explained: ${text}`];
    if (!known.has(key)) return [`explained, but no such mutant exists: ${text}`];
    return alive.has(key) ? [] : [`explained, but it is killed or does not compile: ${text}`];
  });
}
