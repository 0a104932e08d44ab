/**
 * Before and after a run of the tests: a directory for what its files share. What Node compiles is kept there, so that the
 * many programs that tests start by their sources start in half the time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { RUN_DIRECTORY } from './programs.ts';

export default function prepare(project: TestProject): (() => void) | undefined {
  // Each project of vitest.config.ts asks; the first one makes it, and removes it when all have ended.
  if (process.env[RUN_DIRECTORY] !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-run-'));
  process.env[RUN_DIRECTORY] = directory;
  process.env['NODE_COMPILE_CACHE'] = join(directory, 'compiled');
  // In watch mode the sources have changed.
  project.onTestsRerun(async () => rmSync(join(directory, 'bundle'), { recursive: true, force: true }));
  return () => rmSync(directory, { recursive: true, force: true });
}
