/**
 * Do the tests notice mistakes? Plants thousands of them, one at a time, in policy and in the gate's checks, and runs the tests of
 * the package against each. `npm run test:mutation [-- --json] [--files GLOB] [--since FILE] [--out FILE] [--workers N]`.
 *
 * Passes if at least 95 % are noticed and every other one is explained in scripts/mutation/survivors.json, which may hold nothing
 * else. `--files` judges the matching sources only. `--since` takes over the kills that `--out` wrote in an earlier run, for sources
 * that have not changed since; tests may have grown meanwhile, not shrunk. Exits 0 (passed), 1 (not), 2 (cannot run).
 */
import '@coldwire/program/runtime.ts';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, matchesGlob } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keyOf, readExplained } from './mutation/explained.ts';
import { isRecord } from './mutation/json.ts';
import { runSuite, type Suite, type SuiteResult } from './mutation/run.ts';
import { openSandbox, type Sandbox } from './mutation/sandbox.ts';
import { REQUIRED, type Score, scoreOf } from './mutation/score.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const explained = readExplained(new URL('mutation/survivors.json', import.meta.url));

/** Each package's sources are judged by its own tests. */
const SUITES = [
  { own: 'packages/policy', sources: 'src/**/*.ts' },
  { own: 'packages/gate', sources: 'src/core/*.ts' },
] as const;

/** What starts programs tests what is around the checks, in processes where no mutant is. */
const STARTS_PROGRAMS = '/test/world/processes.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    files: { type: 'string', default: '**' },
    since: { type: 'string' },
    out: { type: 'string' },
    workers: { type: 'string', default: `${Math.min(8, availableParallelism())}` },
  },
});

function find(root: string, pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).sort();
}

function suitesIn(root: string): readonly Suite[] {
  return SUITES.map(({ own, sources }) => ({
    own,
    sources: find(root, `${own}/${sources}`).filter((file) => matchesGlob(file, values.files)),
    tests: find(root, `${own}/test/**/*.test.ts`).filter(
      (file) => !readFileSync(join(root, file), 'utf8').includes(STARTS_PROGRAMS),
    ),
  })).filter(({ sources }) => sources.length > 0);
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Names of the mutants that an earlier run killed, in sources that are the same. */
function readKills(sandbox: Sandbox): ReadonlySet<string> {
  if (values.since === undefined) return new Set();
  const report: unknown = JSON.parse(readFileSync(values.since, 'utf8'));
  if (!isRecord(report)) throw new Error(`${values.since} is no report of an earlier run`);
  return new Set(
    Object.entries(report).flatMap(([file, row]) => {
      if (!isRecord(row) || !Array.isArray(row['killed']))
        throw new Error(`${values.since} has no list of kills`);
      const isSame =
        find(sandbox.root, file).length > 0 && hashOf(join(sandbox.root, file)) === row['source'];
      return isSame ? row['killed'].map(String) : [];
    }),
  );
}

function writeKills(
  path: string,
  hashes: ReadonlyMap<string, string>,
  results: readonly SuiteResult[],
): void {
  const killed = results.flatMap(({ verdicts }) => verdicts.filter(({ status }) => status === 'killed'));
  const report = [...hashes].map(([file, source]) => {
    const own = killed.filter(({ mutant }) => mutant.file === file);
    return [file, { source, killed: own.map(({ mutant }) => keyOf(mutant)) }];
  });
  writeFileSync(path, JSON.stringify(Object.fromEntries(report)));
}

function tell(name: string): (done: number, total: number, survivors: number) => void {
  const start = Date.now();
  let last = start;
  return (done, total, survivors) => {
    const now = Date.now();
    if (now - last < 10_000 && done < total) return;
    last = now;
    const left = Math.ceil(((now - start) * (total - done)) / done / 60_000);
    process.stderr.write(`mutation: ${name}: ${done} of ${total}, ${survivors} survive, ${left} min left\n`);
  };
}

async function runAll(sandbox: Sandbox): Promise<readonly SuiteResult[]> {
  const suites = suitesIn(sandbox.root);
  if (suites.length === 0) throw new Error(`no source matches --files ${values.files}`);
  const kills = readKills(sandbox);
  const files = suites.flatMap(({ sources }) => sources);
  const hashes = new Map(files.map((file) => [file, hashOf(join(sandbox.root, file))]));
  const expected = new Set(explained.map(keyOf));
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    const result = await runSuite(sandbox, suite, {
      workers: Math.max(1, Number(values.workers)),
      isExpected: (mutant) => expected.has(keyOf(mutant)),
      isKilled: (mutant) => kills.has(keyOf(mutant)),
      progress: tell(suite.own),
      survivor: ({ file, line, original, replacement }) => {
        process.stderr.write(`mutation: survives: ${file}:${line}: ${original} → ${replacement}\n`);
      },
    });
    results.push(result);
  }
  if (values.out !== undefined) writeKills(values.out, hashes, results);
  return results;
}

function print(score: Score): void {
  const out = (text: string): boolean => process.stdout.write(`${text}\n`);
  for (const [file, row] of Object.entries(score.files)) {
    out(`${row.score.toFixed(2).padStart(6)} %  ${String(row.mutants).padStart(4)}  ${file}`);
  }
  for (const { file, line, where, original, replacement, why } of score.survivors) {
    out(`${why === null ? 'SURVIVES' : 'explained'} ${file}:${line} ${where}: ${original} → ${replacement}`);
    if (why !== null) out(`          ${why}`);
  }
  for (const problem of score.stale) out(`STALE ${problem}`);
  out(
    `${score.ok ? 'ok' : 'FAIL'}: ${score.score} % of ${score.mutants} mutants are killed (${REQUIRED} % required), ` +
      `${score.survivors.length} survive, ${score.unexplained} of them unexplained`,
  );
}

try {
  const sandbox = openSandbox(repository);
  try {
    const score = scoreOf(await runAll(sandbox), explained);
    if (values.json) process.stdout.write(`${JSON.stringify(score)}\n`);
    else print(score);
    process.exitCode = score.ok ? 0 : 1;
  } finally {
    sandbox.remove();
  }
} catch (error) {
  process.stderr.write(`mutation: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
