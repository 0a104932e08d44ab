/**
 * `npm run test:hostile`: the catalogue of attacks, rows 1 to 52. test/hostile/rows.json names the tests of each row, or says why
 * it does not apply; a row passes when every test that it names is there and passes. Ends with one JSON line.
 */
import '@coldwire/program/runtime.ts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeRows, LAST, type Ran, readRows } from './hostile/rows.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    row: { type: 'string', multiple: true, default: [] },
  },
});

function runTests(files: readonly string[]): readonly Ran[] {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-hostile-'));
  try {
    const output = join(directory, 'report.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${output}`, ...files];
    // Real processes share two cores in CI: one second chance, as the tests have.
    if (process.env['COLDWIRE_REQUIRE_ORACLES'] === '1') args.push('--retry=1');
    const run = spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
    if (run.error !== undefined) throw run.error;
    return readReport(JSON.parse(readFileSync(output, 'utf8')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

function readReport(report: Report): readonly Ran[] {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      file: name.slice(root.length),
      name: fullName,
      passed: status === 'passed',
    })),
  );
}

const all = readRows(JSON.parse(readFileSync(join(root, 'test/hostile/rows.json'), 'utf8')));
const rows = values.row.length === 0 ? all : all.filter(({ number }) => values.row.includes(`${number}`));
if (rows.length === 0 || rows.length < new Set(values.row).size) {
  process.stderr.write(`usage: npm run test:hostile -- [--row N]… [--json], N from 1 to ${LAST}\n`);
  process.exit(2);
}
const files = [...new Set(rows.flatMap(({ tests }) => tests.map(({ file }) => file)))];
const judged = judgeRows(rows, files.length === 0 ? [] : runTests(files));
for (const { number, attack, result, problems } of judged) {
  if (!values.json) process.stdout.write(`${`${number}`.padStart(2)} ${result.padEnd(4)} ${attack}\n`);
  for (const problem of problems) process.stderr.write(`row ${number}: ${problem}\n`);
}
const failed = judged.filter(({ result }) => result === 'fail').length;
const line = { rows: Object.fromEntries(judged.map(({ number, result }) => [`${number}`, result])), failed };
process.stdout.write(values.json ? `${JSON.stringify(line)}\n` : `${failed} rows failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
