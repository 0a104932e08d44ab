/**
 * `npm run test:vault -- --seed S --steps N`: a hostile vault with the real vault's key against three signers and two gates, as
 * processes. Ends with one JSON line; exits 1 when a promise was broken.
 */
import { parseArgs } from 'node:util';
import { runHostileVault } from '../test/hostile-vault/run.ts';

const USAGE =
  'usage: npm run test:vault -- [--seed S] [--steps N] [--json], S and N whole numbers, N at least 1\n';

function readOptions():
  | { readonly seed: number; readonly steps: number; readonly json: boolean }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        steps: { type: 'string', default: '5000' },
        json: { type: 'boolean', default: false },
      },
    });
    const numbers = [values.seed, values.steps].every((text) => /^\d{1,9}$/.test(text));
    const [seed, steps] = [Number(values.seed), Number(values.steps)];
    return numbers && steps >= 1 ? { seed, steps, json: values.json } : undefined;
  } catch {
    return undefined;
  }
}

const options = readOptions();
if (options === undefined) {
  process.stderr.write(USAGE);
  process.exit(2);
}
// The first signal ends the run with every program stopped; a second one ends this program at once.
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
const result = await runHostileVault({
  seed: options.seed,
  steps: options.steps,
  signal: stop.signal,
  tell: (line) => process.stderr.write(`${line}\n`),
});
const { steps, left, allowed, violations, ...more } = result;
for (const { kind, says } of violations) process.stderr.write(`broken (${kind}): ${says}\n`);
/** So many steps without one payment: nothing was put to the test. */
const isIdle = steps >= 500 && more.cleared === 0;
if (isIdle) process.stderr.write('nothing was cleared in the whole run, so it shows nothing\n');
if (stop.signal.aborted) process.stderr.write(`stopped after ${steps} of ${options.steps} steps\n`);
if (!options.json) {
  process.stdout.write(
    `${steps} steps (seed ${options.seed}): ${more.payments} payments, ${left} sat left, ${allowed} sat were allowed, ${violations.length} promises broken\n`,
  );
} else {
  const line = {
    steps,
    left: Number(left),
    allowed: Number(allowed),
    violations: violations.length,
    seed: options.seed,
    ...more,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
process.exitCode = violations.length === 0 && !isIdle && !stop.signal.aborted ? 0 : 1;
