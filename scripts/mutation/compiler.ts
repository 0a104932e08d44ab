/**
 * Which survivors the compiler refuses: a mutant that does not type-check never reaches a test, and `npm run typecheck` is part of
 * every check. In each round the compiler sees at most one mutant of each source; its errors count for that mutant only inside the
 * top-level statement that it stands in.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { applyMutant, type Mutant } from './mutants.ts';

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
    for (const mutant of round)
      writeFileSync(join(root, mutant.file), applyMutant(sources.get(mutant.file) ?? '', mutant));
    const errors = compile(root);
    for (const mutant of round) {
      const [from, to] = linesOf(sources.get(mutant.file) ?? '', mutant);
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
    const round = counts.get(mutant.file) ?? 0;
    counts.set(mutant.file, round + 1);
    rounds[round] = [...(rounds[round] ?? []), mutant];
  }
  return rounds;
}

/** First and last line of its statement, in the mutated text. */
function linesOf(code: string, mutant: Mutant): readonly [from: number, to: number] {
  const lineAt = (place: number): number => code.slice(0, place).split('\n').length;
  const lost = lineAt(mutant.end) - lineAt(mutant.start) - (mutant.replacement.split('\n').length - 1);
  return [lineAt(mutant.statement.start), lineAt(mutant.statement.end) - lost];
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
