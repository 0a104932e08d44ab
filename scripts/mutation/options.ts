/** The command line of `npm run test:mutation`. Refuses what it does not know: a run that judges nothing must not pass. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run test:mutation -- [options]
Do the tests notice mistakes? Plants thousands of them, one at a time, and runs the tests against each.
  --json         the result as one line of JSON: {"ok", "score", "survivors", ...}
  --files GLOB   judges these sources only; may be given more than once
  --workers N    how many processes run tests; all processors but at most 8 when left out
  --out FILE     adds every verdict to this file as it comes
  --since FILE   takes over what --out wrote: kills, for sources that are the same since (tests may have grown meanwhile, not
                 shrunk), and survivors, where nothing in their packages has changed. May be given more than once, and be the
                 file of --out: so a stopped run is resumed
  --again        takes nothing over: what killed a mutant in a file of --since is tried first, and must kill it again
  --help         this text
exit code: 0 enough are noticed and the rest is explained in scripts/mutation/survivors.json, 1 not, 2 cannot run
`;

export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  readonly again: boolean;
  readonly files: readonly string[];
  readonly since: readonly string[];
  readonly out: string | undefined;
  readonly workers: number;
}

/** @throws Error if an option is unknown or has no such value */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      again: { type: 'boolean', default: false },
      files: { type: 'string', multiple: true, default: ['**'] },
      since: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      workers: { type: 'string', default: `${Math.min(8, availableParallelism())}` },
    },
  });
  if (!/^[1-9]\d?$/.test(values.workers))
    throw new Error(`--workers ${values.workers} is no number from 1 to 99`);
  return { ...values, out: values.out, workers: Number(values.workers) };
}
