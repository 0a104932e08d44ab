/**
 * Runs the tests and says, before and after, what this machine cannot test. Ends with one line
 * `N passed, N failed, N skipped`. With COLDWIRE_REQUIRE_ORACLES=1 (CI) anything left out is a failure.
 * Arguments go to vitest: file filters, `-t name`.
 */
import '@coldwire/program/runtime.ts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findOracles } from './oracles/find.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const strict = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'numPassedTests' in value && 'success' in value;
}

/** Runs vitest with its ordinary output, and reads what it counted. */
function runVitest(args: readonly string[]): Report {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-tests-'));
  try {
    const output = join(directory, 'report.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
    // Real processes share two cores in CI: one second chance, which the reporter shows as `retry x1`.
    const retry = strict ? ['--retry=1'] : [];
    const run = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...retry, ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    if (run.error !== undefined) throw run.error;
    const report: unknown = JSON.parse(readFileSync(output, 'utf8'));
    if (!isReport(report)) throw new Error('vitest wrote no report');
    return report;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const missing = findOracles().filter((oracle) => !oracle.present);
for (const { name, proves, install } of missing) {
  process.stderr.write(`left out: ${name} is not installed (${proves}). To include it: ${install}\n`);
}
const report = runVitest(process.argv.slice(2));
const skipped = report.numPendingTests + report.numTodoTests;
if (missing.length > 0) {
  process.stderr.write(`left out on this machine: ${missing.map(({ name }) => name).join(', ')}\n`);
}
process.stdout.write(
  `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped\n`,
);
const incomplete = strict && (missing.length > 0 || skipped > 0);
if (incomplete) process.stderr.write('COLDWIRE_REQUIRE_ORACLES=1 asks that nothing is left out.\n');
process.exitCode = report.success && report.numPassedTests > 0 && !incomplete ? 0 : 1;
