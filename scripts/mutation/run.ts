/** Plants the mutants of some sources in a copy of the repository, judges them by some tests, and sorts out what does not compile. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findUncompilable } from './compiler.ts';
import { type JudgeOptions, judgeAll, type Verdict } from './judge.ts';
import { type Mutant, mutateSource } from './mutants.ts';
import type { Sandbox } from './sandbox.ts';

export interface Suite {
  /** Directories of the package and of those between it and its tests, relative to the repository, as are the files. */
  readonly own: readonly string[];
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

export interface SuiteOptions {
  readonly workers: number;
  readonly isExpected: JudgeOptions['isExpected'];
  /** Known to be killed; not judged again. */
  readonly isKilled: (mutant: Mutant) => boolean;
  readonly killerOf: JudgeOptions['killerOf'];
  readonly progress: JudgeOptions['progress'];
  readonly survivor: JudgeOptions['survivor'];
  readonly notice: JudgeOptions['notice'];
  readonly killed: JudgeOptions['killed'];
}

export interface SuiteResult {
  readonly mutants: readonly Mutant[];
  readonly verdicts: readonly Verdict[];
  /** Survivors that the compiler refuses: they count nowhere. */
  readonly uncompilable: ReadonlySet<number>;
}

export async function runSuite(
  { root }: Sandbox,
  suite: Suite,
  { isKilled, ...options }: SuiteOptions,
): Promise<SuiteResult> {
  const sources = new Map(suite.sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const mutants: Mutant[] = [];
  for (const [file, code] of sources) {
    const mutated = mutateSource(code, file, mutants.length);
    mutants.push(...mutated.mutants);
    writeFileSync(join(root, file), mutated.code);
  }
  const { own, tests } = suite;
  const setup = { kind: 'setup', root, own, sources: suite.sources, tests } as const;
  const open = mutants.filter((mutant) => !isKilled(mutant));
  const judged = await judgeAll({ setup, mutants: open, ...options });
  const survivors = judged.filter(({ status }) => status === 'survived').map(({ mutant }) => mutant);
  const uncompilable = findUncompilable(root, sources, survivors);
  const known = mutants
    .filter(isKilled)
    .map((mutant): Verdict => ({ mutant, status: 'killed', killer: '(an earlier run)', why: '' }));
  return { mutants, verdicts: [...judged, ...known], uncompilable };
}
