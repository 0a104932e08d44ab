/**
 * Which survivors the compiler refuses: a mutant that does not type-check never reaches a test, and `npm run typecheck` is part of
 * every check. In each round the compiler sees at most one mutant in each top-level statement, and its errors in there count for it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Mutant } from './mutants.ts';

/** Unused and unreachable code is what mutants leave behind; that alone is no error here. */
const CONFIG = {
  extends: './tsconfig.json',
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, allowUnreachableCode: true },
};

/**
 * @param sources text of each source without mutants
 * @returns ids of the mutants that do not type-check
 */
export function findUncompilable(
  root: string,
  sources: ReadonlyMap<string, string>,
  mutants: readonly Mutant[],
): ReadonlySet<number> {
  const config = { ...CONFIG, include: [], files: [...sources.keys()] };
  writeFileSync(join(root, 'tsconfig.mutants.json'), JSON.stringify(config));
  const restore = (): void => {
    for (const [file, code] of sources) writeFileSync(join(root, file), code);
  };
  restore();
  const clean = compile(root);
  if (clean.length > 0) throw new Error(`the sources do not type-check without mutants: ${clean[0]?.text}`);
  const refused = new Set<number>();
  for (const round of roundsOf(mutants)) {
    restore();
    const spans = [...sources].flatMap(([file, code]) => {
      const own = round.filter((mutant) => mutant.file === file);
      const planted = plantAll(code, own);
      if (own.length > 0) writeFileSync(join(root, file), planted.code);
      return planted.spans;
    });
    const errors = compile(root);
    for (const { mutant, from, to } of spans) {
      const isHit = errors.some(({ file, line }) => file === mutant.file && line >= from && line <= to);
      if (isHit) refused.add(mutant.id);
    }
  }
  restore();
  return refused;
}

function roundsOf(mutants: readonly Mutant[]): readonly (readonly Mutant[])[] {
  const rounds: Mutant[][] = [];
  const counts = new Map<string, number>();
  for (const mutant of mutants) {
    const statement = `${mutant.file} ${mutant.statement.start}`;
    const round = counts.get(statement) ?? 0;
    counts.set(statement, round + 1);
    rounds[round] = [...(rounds[round] ?? []), mutant];
  }
  return rounds;
}

interface Span {
  readonly mutant: Mutant;
  /** First and last line of its statement, in the text with all mutants of the round. */
  readonly from: number;
  readonly to: number;
}

/** One source with several mutants, each in another statement. A replacement may have fewer lines than what it replaces. */
function plantAll(
  code: string,
  mutants: readonly Mutant[],
): { readonly code: string; readonly spans: readonly Span[] } {
  const linesIn = (from: number, to: number): number => code.slice(from, to).split('\n').length - 1;
  let [text, at, lost] = ['', 0, 0];
  const spans = [...mutants]
    .sort((a, b) => a.start - b.start)
    .map((mutant): Span => {
      const { start, end, replacement, statement } = mutant;
      text += code.slice(at, start) + replacement;
      at = end;
      const from = 1 + linesIn(0, statement.start) - lost;
      lost += linesIn(start, end) - (replacement.split('\n').length - 1);
      return { mutant, from, to: 1 + linesIn(0, statement.end) - lost };
    });
  return { code: text + code.slice(at), spans };
}

interface CompilerError {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function compile(root: string): readonly CompilerError[] {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.mutants.json', '--pretty', 'false'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (run.error !== undefined) throw run.error;
  return run.stdout.split('\n').flatMap((text) => {
    const [, file, line] = /^(.+?)\((\d+),\d+\): error /.exec(text) ?? [];
    return file === undefined ? [] : [{ file, line: Number(line), text }];
  });
}
