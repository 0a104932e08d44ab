/**
 * Coverage-guided fuzzing of every reader of bytes: `npm run test:fuzz -- --seconds N [--seed S] [--target NAME] [--json]`.
 * The seconds are shared by all targets; a target is a file of fuzz/targets/. Ends with `{"execs":N,"crashes":0,…}` (`--json`)
 * and exit code 1 if anything crashed. A crash is an undeclared error, a second of time, memory beyond the bound, or a
 * broken property; its input is made small and kept, with the command that runs it again. Same seed, same inputs in the
 * same order: the time decides only how many.
 */
import '@coldwire/program/runtime.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Campaign, FoundCrash } from './fuzz/engine.ts';
import { supervise } from './fuzz/supervise.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    execs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    target: { type: 'string', multiple: true },
    targets: { type: 'string', default: join(import.meta.dirname, 'fuzz', 'targets') },
    replay: { type: 'string' },
    hang: { type: 'string', default: '15' },
    blind: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const directory = pathToFileURL(`${values.targets}/`);
const packages = new URL('../packages/', import.meta.url);
const sources = readdirSync(packages).map((name) => new URL(`${name}/src/`, packages).href);
const all = readdirSync(directory).flatMap((file) => (file.endsWith('.ts') ? [basename(file, '.ts')] : []));
const names = all.sort().filter((name) => values.target?.includes(name) ?? true);
const unknown = values.target?.find((name) => !all.includes(name));
const seconds = Number(values.seconds);
const mostExecs = values.execs === undefined ? Number.POSITIVE_INFINITY : Number(values.execs);
const numbers = [seconds, mostExecs, Number(values.jobs), Number(values.hang)];
const wrong = unknown !== undefined || names.length === 0 || numbers.some((number) => !(number > 0));
if (wrong || (values.replay !== undefined && names.length !== 1)) {
  process.stderr.write(
    `usage: npm run test:fuzz -- --seconds N [--execs N per target] [--jobs N] [--seed S] [--target NAME [--replay FILE]] [--json]\n` +
      `targets: ${all.join(', ')}\n`,
  );
  process.exit(2);
}

const started = Date.now();
const deadline = started + seconds * 1000;
const scratch = mkdtempSync(join(tmpdir(), 'coldwire-fuzz-scratch-'));
let crashDirectory: string | undefined;

/** Made with the first crash. */
function keep(target: string, crash: FoundCrash): void {
  crashDirectory ??= join(mkdtempSync(join(tmpdir(), 'coldwire-fuzz-')), 'fuzz-crashes');
  mkdirSync(crashDirectory, { recursive: true });
  const name = `${target}-${createHash('sha256').update(crash.input).digest('hex').slice(0, 12)}`;
  const file = join(crashDirectory, name);
  writeFileSync(`${file}.bin`, crash.input);
  writeFileSync(
    `${file}.txt`,
    `target: ${target}\nkind: ${crash.kind}\nwhat: ${crash.what}\n\n${hex(crash)}\n`,
  );
  process.stderr.write(
    `CRASH in ${target} (${crash.input.length} bytes): ${crash.what}\n` +
      `  again: npm run test:fuzz -- --target ${target} --replay ${file}.bin\n`,
  );
}

function hex({ input }: FoundCrash): string {
  return Buffer.from(input)
    .toString('hex')
    .replaceAll(/.{100}/g, '$&\n');
}

function tell(name: string, { execs, corpus, edges, crashes }: Campaign): void {
  const passed = Math.round((Date.now() - started) / 1000);
  process.stderr.write(
    `fuzz: ${passed} s, ${name}: ${execs} runs, ${corpus} inputs kept, ${edges} branches, ${crashes} crashes\n`,
  );
}

async function runTarget(name: string, slice: number): Promise<Campaign> {
  let told = Date.now();
  mkdirSync(join(scratch, name));
  const order = {
    scratch: join(scratch, name),
    module: new URL(`${name}.ts`, directory).href,
    instrumented: [...sources, ...(directory.href.includes('/scripts/fuzz/') ? [] : [directory.href])],
    seed: `${values.seed}:${name}`,
    guided: !values.blind,
    deadline: Date.now() + slice,
    mostExecs,
    replay: values.replay === undefined ? undefined : new Uint8Array(readFileSync(values.replay)),
  };
  const campaign = await supervise(order, {
    hangMs: Number(values.hang) * 1000,
    onCrash: (crash) => keep(name, crash),
    onProgress(so) {
      if (Date.now() - told < 5000) return;
      told = Date.now();
      tell(name, so);
    },
  });
  tell(name, campaign);
  return campaign;
}

const byTarget: { [name: string]: Campaign } = {};
const waiting = [...names];
const jobs = Math.max(1, Math.min(Number(values.jobs), names.length));

/** One campaign after the other, each with its share of the time that is left. */
async function runLane(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const rounds = Math.ceil((waiting.length + 1) / jobs);
    byTarget[name] = await runTarget(name, Math.max(0, deadline - Date.now()) / rounds);
  }
}
await Promise.all(Array.from({ length: jobs }, runLane));
rmSync(scratch, { recursive: true, force: true });
const sum = (field: keyof Campaign): number =>
  names.reduce((total, name) => total + (byTarget[name]?.[field] ?? 0), 0);
const crashes = sum('crashes');
const summary = {
  execs: sum('execs'),
  crashes,
  seconds: Math.round((Date.now() - started) / 100) / 10,
  seed: values.seed,
  edges: sum('edges'),
  corpus: sum('corpus'),
  targets: Object.fromEntries(names.map((name) => [name, byTarget[name]])),
  ...(crashDirectory === undefined ? {} : { directory: crashDirectory }),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify(summary)}\n`
    : `${summary.execs} runs of ${names.length} targets in ${summary.seconds} s, ${crashes} crashes\n`,
);
process.exitCode = crashes === 0 ? 0 : 1;
