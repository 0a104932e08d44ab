/**
 * Holds specification, sources, tests and vectors together, both ways: `npm run spec`, or with `--json` for a program. Prints what
 * it compared and how much of it, then every difference; exits 1 if there is one.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { checkLists, checkRows, checkStrangers, checkUse, readCodes } from './spec/codes.ts';
import { checkTypes, checkTypeVectors } from './spec/messages.ts';
import { checkReadme, checkSections } from './spec/references.ts';
import { checkRunbook } from './spec/runbook.ts';
import { checkStructs } from './spec/structs.ts';

const rows = readCodes();
const findings = [
  checkRows(rows),
  checkLists(rows),
  ...checkUse(rows),
  ...checkStrangers(rows),
  checkTypes(),
  ...checkTypeVectors(),
  checkStructs(),
  checkReadme(),
  checkSections(),
  ...checkRunbook(),
];
const problems = findings.flatMap((finding) => finding.problems);

if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, findings })}\n`);
} else {
  for (const { what, count, problems: found } of findings) {
    process.stdout.write(`${found.length === 0 ? 'ok  ' : 'FAIL'} ${String(count).padStart(4)} ${what}\n`);
  }
  for (const problem of problems) process.stderr.write(`spec: ${problem}\n`);
  if (problems.length > 0) process.stderr.write(`spec: ${problems.length} differences\n`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
