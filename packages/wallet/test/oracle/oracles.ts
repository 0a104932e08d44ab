/**
 * Other wallets as judges, where the machine has them. A missing one is skipped with its reason on the console;
 * with COLDWIRE_REQUIRE_ORACLES=1, as in continuous integration, a missing one fails.
 */
import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

export const REQUIRE_ORACLES = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

/** Runs a program and gives what it printed; throws with its messages when it fails. */
export function run(command: string, args: readonly string[], input = ''): string {
  const result = spawnSync(command, args, { input, encoding: 'utf8', timeout: 60_000 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** Tests that need a program: `probe` shows that it is there, `install` tells how to get it. */
export function describeWithOracle(
  name: string,
  probe: readonly [string, ...string[]],
  install: string,
  body: () => void,
) {
  const [command, ...args] = probe;
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  const present = result.error === undefined && result.status === 0;
  if (!present && !REQUIRE_ORACLES) {
    console.log(`skipped: comparison with ${name}, which is not on this machine (${install})`);
    describe.skip(name, body);
    return;
  }
  describe(name, body);
}
