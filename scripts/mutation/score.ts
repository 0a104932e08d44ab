/** What came out: the score of each file and of all, who survives, and what is wrong with the list of explained survivors. */
import { type Explained, findStale, keyOf } from './explained.ts';
import type { Mutant } from './mutants.ts';
import type { SuiteResult } from './run.ts';

/** Percent of the mutants that compile which tests must kill. */
export const REQUIRED = 95;

export interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly where: string;
  readonly operator: string;
  readonly original: string;
  readonly replacement: string;
  readonly nth: number;
  /** Why it cannot be killed; null if nobody has said. */
  readonly why: string | null;
}

export interface Score {
  readonly ok: boolean;
  /** Percent, rounded down to hundredths. Survivors count against it, explained or not. */
  readonly score: number;
  readonly mutants: number;
  readonly killed: number;
  readonly uncompilable: number;
  readonly unexplained: number;
  readonly survivors: readonly Survivor[];
  readonly files: Readonly<Record<string, { readonly score: number; readonly mutants: number }>>;
  readonly stale: readonly string[];
}

const percent = (part: number, whole: number): number =>
  whole === 0 ? 100 : Math.floor((10_000 * part) / whole) / 100;

export function scoreOf(results: readonly SuiteResult[], explained: readonly Explained[]): Score {
  const judged = results.flatMap(({ verdicts, uncompilable }) =>
    verdicts.filter(({ mutant }) => !uncompilable.has(mutant.id)),
  );
  const alive = judged.filter(({ status }) => status === 'survived').map(({ mutant }) => mutant);
  const reasons = new Map(explained.map((entry) => [keyOf(entry), entry.why]));
  const survivors = alive.map((mutant) => describe(mutant, reasons.get(keyOf(mutant)) ?? null));
  const mutants = results.flatMap((result) => result.mutants);
  const files = new Set(mutants.map(({ file }) => file));
  const stale = findStale(
    explained.filter(({ file }) => files.has(file)),
    { mutants, survivors: alive },
  );
  const unexplained = survivors.filter(({ why }) => why === null).length;
  const score = percent(judged.length - alive.length, judged.length);
  return {
    ok: score >= REQUIRED && unexplained === 0 && stale.length === 0,
    score,
    mutants: judged.length,
    killed: judged.length - alive.length,
    uncompilable: results.reduce((sum, { uncompilable }) => sum + uncompilable.size, 0),
    unexplained,
    survivors,
    files: Object.fromEntries(
      [...files].map((file) => {
        const own = judged.filter(({ mutant }) => mutant.file === file);
        const killed = own.filter(({ status }) => status === 'killed').length;
        return [file, { score: percent(killed, own.length), mutants: own.length }];
      }),
    ),
    stale,
  };
}

function describe(mutant: Mutant, why: string | null): Survivor {
  const { file, line, where, operator, original, replacement, nth } = mutant;
  return { file, line, where, operator, original, replacement, nth, why };
}
