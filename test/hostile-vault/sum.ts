/** Results of several worlds as one: what the last line of a run says. */
import type { RunResult } from './run.ts';

export function sumResults(results: readonly RunResult[]): Omit<RunResult, 'kept'> {
  const total = (of: (one: RunResult) => number): number => results.reduce((sum, one) => sum + of(one), 0);
  const sats = (of: (one: RunResult) => bigint): bigint => results.reduce((sum, one) => sum + of(one), 0n);
  const answers: Record<string, number> = {};
  for (const one of results) {
    for (const [key, count] of Object.entries(one.answers)) answers[key] = (answers[key] ?? 0) + count;
  }
  return {
    steps: total(({ steps }) => steps),
    left: sats(({ left }) => left),
    allowed: sats(({ allowed }) => allowed),
    violations: results.flatMap(({ violations }) => violations),
    goods: total(({ goods }) => goods),
    payments: total(({ payments }) => payments),
    cleared: total(({ cleared }) => cleared),
    charters: total(({ charters }) => charters),
    blocks: total(({ blocks }) => blocks),
    restarts: total(({ restarts }) => restarts),
    setBacks: total(({ setBacks }) => setBacks),
    answers,
  };
}
