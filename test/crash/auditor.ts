/** Runs `coldwire-audit` over the logs of a world, as an auditor who has nothing but copies of them and the charter. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { launcher } from '../world/processes.ts';
import type { World } from '../world/world.ts';

/** Expects no finding and no decision that comes out otherwise. @param names directories of the world that hold logs */
export function expectCleanAudit(world: World, names: readonly string[]): void {
  const directories = names.map((name) => join(world.directory, name));
  // It does all that `verify` does before it replays.
  const args = ['replay', ...directories, '--charter', world.deployment.charterFile, '--json'];
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(launcher('audit'), args, options);
  expect(stdout, stderr).not.toBe('');
  const report: { readonly [field: string]: unknown } = JSON.parse(stdout);
  expect(report).toMatchObject({ findings: 0, mismatches: 0 });
  for (const count of ['cleared', 'replayed']) expect(Number(report[count]), count).toBeGreaterThan(0);
  expect(status).toBe(0);
}
