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

export interface SuiteOptions extends Omit<JudgeOptions, 'setup' | 'mutants' | 'findRefused'> {
  /** From an earlier run; not judged again. */
  readonly statusOf: (mutant: Mutant) => Verdict['status'] | undefined;
}

export interface SuiteResult {
  readonly mutants: readonly Mutant[];
  readonly verdicts: readonly Verdict[];
  /** Those that the compiler refuses: they count nowhere. */
  readonly uncompilable: ReadonlySet<number>;
}

export async function runSuite(
  { root }: Sandbox,
  suite: Suite,
  { statusOf, ...options }: SuiteOptions,
): Promise<SuiteResult> {
  const sources = new Map(suite.sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const mutants: Mutant[] = [];
  const planted = new Map<string, string>();
  for (const [file, code] of sources) {
    const mutated = mutateSource(code, file, mutants.length);
    mutants.push(...mutated.mutants);
    planted.set(file, mutated.code);
  }
  const plant = (): void => {
    for (const [file, code] of planted) writeFileSync(join(root, file), code);
  };
  plant();
  const { own, tests } = suite;
  const setup = { kind: 'setup', root, own, sources: suite.sources, tests } as const;
  const known = mutants.flatMap((mutant): Verdict[] => {
    const status = statusOf(mutant);
    return status === undefined ? [] : [{ mutant, status, killer: '(an earlier run)', why: '' }];
  });
  const open = mutants.filter((mutant) => statusOf(mutant) === undefined);
  const findRefused = (some: readonly Mutant[]): ReadonlySet<number> => {
    const refused = findUncompilable(root, sources, some);
    plant();
    return refused;
  };
  const judged = open.length === 0 ? [] : await judgeAll({ setup, mutants: open, findRefused, ...options });
  const verdicts = [...judged, ...known];
  const survivors = verdicts.filter(({ status }) => status === 'survived').map(({ mutant }) => mutant);
  const refused = findUncompilable(root, sources, survivors);
  for (const mutant of survivors)
    if (refused.has(mutant.id)) options.decided({ mutant, status: 'refused', killer: '', why: '' });
  const before = verdicts.filter(({ status }) => status === 'refused').map(({ mutant }) => mutant.id);
  return { mutants, verdicts, uncompilable: new Set([...before, ...refused]) };
}
