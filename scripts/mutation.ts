/**
 * Do the tests notice mistakes? Plants thousands of them, one at a time, in policy, in what of the protocol decides which charters
 * are fit, and in the gate's checks, and runs tests against each. `npm run test:mutation -- --help` names the options.
 *
 * Passes if at least 95 % are noticed and every other one is explained in scripts/mutation/survivors.json, which may hold nothing
 * else. Exits 0 (passed), 1 (not), 2 (cannot run), 130 or 143 (a signal ended it; its copy of the sources is gone).
 */
import '@coldwire/program/runtime.ts';
import { globSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { keyOf, readExplained } from './mutation/explained.ts';
import { hashSources, openKnown, readKnown } from './mutation/known.ts';
import { type Options, readOptions, USAGE } from './mutation/options.ts';
import { runSuite, type Suite, type SuiteResult } from './mutation/run.ts';
import { openSandbox, type Sandbox } from './mutation/sandbox.ts';
import { REQUIRED, type Score, scoreOf } from './mutation/score.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const explained = readExplained(new URL('mutation/survivors.json', import.meta.url));

/** Sources, the tests that judge them, and the packages from the ones to the others. */
const SUITES = [
  {
    name: 'policy',
    own: ['packages/policy'],
    sources: ['packages/policy/src/**/*.ts'],
    tests: ['packages/policy/test/**/*.test.ts'],
  },
  {
    name: 'charter',
    own: ['packages/protocol', 'packages/wallet', 'packages/policy'],
    sources: ['packages/protocol/src/{charter,clock}/*.ts'],
    tests: [
      'packages/protocol/test/{charter,clock}/**/*.test.ts',
      'packages/policy/test/{charter,clock}/**/*.test.ts',
    ],
  },
  {
    name: 'gate',
    own: ['packages/gate'],
    sources: ['packages/gate/src/core/*.ts'],
    tests: ['packages/gate/test/**/*.test.ts'],
  },
] as const;

/** What starts programs tests what is around the checks, in processes where no mutant is. */
const STARTS_PROGRAMS = '/test/world/processes.ts';

function find(root: string, patterns: readonly string[]): readonly string[] {
  return globSync(patterns, { cwd: root }).sort();
}

type NamedSuite = Suite & { readonly name: string };

function suitesIn(root: string, files: Options['files']): readonly NamedSuite[] {
  return SUITES.map(({ name, own, sources, tests }) => ({
    name,
    own,
    sources: find(root, sources).filter((file) => files.some((pattern) => matchesGlob(file, pattern))),
    tests: find(root, tests).filter(
      (file) => !readFileSync(join(root, file), 'utf8').includes(STARTS_PROGRAMS),
    ),
  })).filter(({ sources }) => sources.length > 0);
}

function tell(name: string): (done: number, total: number, survivors: number) => void {
  const start = Date.now();
  let last = start;
  return (done, total, survivors) => {
    const now = Date.now();
    if (now - last < 10_000 && done < total) return;
    last = now;
    const each = Math.round((now - start) / done);
    const left = Math.ceil((each * (total - done)) / 60_000);
    process.stderr.write(
      `mutation: ${name}: ${done} of ${total}, ${survivors} survive, ${each} ms each, ${left} min left\n`,
    );
  };
}

async function runAll(sandbox: Sandbox, options: Options): Promise<readonly SuiteResult[]> {
  const suites = suitesIn(sandbox.root, options.files);
  if (suites.length === 0) throw new Error(`no source matches --files ${options.files.join(' ')}`);
  const hashes = new Map(suites.flatMap(({ sources, own }) => [...hashSources(sandbox.root, sources, own)]));
  const { statusOf, killerOf } = readKnown(options.since, hashes);
  const decided = options.out === undefined ? () => undefined : openKnown(options.out, hashes);
  const expected = new Set(explained.map(keyOf));
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    const result = await runSuite(sandbox, suite, {
      workers: options.workers,
      isExpected: (mutant) => expected.has(keyOf(mutant)),
      statusOf: options.again ? () => undefined : statusOf,
      killerOf,
      decided,
      progress: tell(suite.name),
      notice: (text) => process.stderr.write(`mutation: ${text}\n`),
      survivor: ({ file, line, original, replacement }) => {
        process.stderr.write(`mutation: survives: ${file}:${line}: ${original} → ${replacement}\n`);
      },
    });
    results.push(result);
  }
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

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(name, () => process.exit(code));
}

async function run(options: Options): Promise<boolean> {
  const sandbox = openSandbox(repository);
  try {
    const score = scoreOf(await runAll(sandbox, options), explained);
    if (options.json) process.stdout.write(`${JSON.stringify(score)}\n`);
    else print(score);
    return score.ok;
  } finally {
    sandbox.remove();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else process.exitCode = (await run(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`mutation: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
