/**
 * `npm run test:vault -- --seed S --steps N`: a hostile vault with the real vault's key against three signers and two gates, as
 * processes. Ends with one JSON line; exits 1 when a promise was broken.
 */
import { parseArgs } from 'node:util';
import { runHostileVault } from '../test/hostile-vault/run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
  },
});
const result = await runHostileVault({
  seed: Number(values.seed),
  steps: Number(values.steps),
  tell: (line) => process.stderr.write(`${line}\n`),
});
const { steps, left, allowed, violations, ...more } = result;
for (const violation of violations) process.stderr.write(`broken: ${violation}\n`);
if (!values.json) {
  process.stdout.write(
    `${steps} steps (seed ${values.seed}): ${more.payments} payments, ${left} sat left, ${allowed} sat were allowed, ${violations.length} promises broken\n`,
  );
} else {
  const line = {
    steps,
    left: Number(left),
    allowed: Number(allowed),
    violations: violations.length,
    seed: Number(values.seed),
    ...more,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
process.exitCode = violations.length === 0 ? 0 : 1;
