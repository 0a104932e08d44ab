/**
 * One process that runs tests against mutants. Says what it begins, so that the program that started it can end it when a mutant
 * never does. Loaded by scripts/mutation/pool.ts only.
 */
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { type CollectedTest, collect, runTest } from './harness.ts';
import type { FromWorker, MutantJob, RecordedTest, Recording, ToWorker, WorkerSetup } from './protocol.ts';
import { openRealms } from './realm.ts';
import { rememberCurves } from './remember.ts';

const SHARED = 0;
/**
 * Tests of a gate sign with keys in guarded memory, each page of which is a mapping of the process, and Linux allows 65,530.
 * What is not referred to any more goes back after so many tests.
 */
const TESTS_PER_SWEEP = 300;
const sweep = globalThis.gc;
let unswept = 0;

let active = -1;
let left = 0;
let hits: Map<number, number> | undefined;

Object.assign(globalThis, {
  $mutant(id: number): boolean {
    hits?.set(id, (hits.get(id) ?? 0) + 1);
    if (id !== active) return false;
    left -= 1;
    if (left < 0) throw new Error('a loop without end');
    return true;
  },
});

interface Desk {
  readonly setup: WorkerSetup;
  readonly load: (realm: number, file: string) => Promise<unknown>;
  /** The tests of the shared realm; a test's place is its index. */
  tests: readonly { readonly file: string; readonly nth: number; readonly test: CollectedTest }[];
  realms: number;
}

const say = (message: FromWorker): void => {
  process.send?.(message);
};

/** What runs while `work` does, by mutant. */
async function recordHits(work: () => Promise<unknown>): Promise<Map<number, number>> {
  const own = new Map<number, number>();
  hits = own;
  try {
    await work();
  } finally {
    hits = undefined;
  }
  return own;
}

async function enterShared(desk: Desk): Promise<Pick<Recording, 'loading' | 'collecting'>> {
  const loading = await recordHits(async () => {
    for (const file of desk.setup.sources) await desk.load(SHARED, file);
  });
  const collecting: [string, number[]][] = [];
  const tests: Desk['tests'][number][] = [];
  for (const file of desk.setup.tests) {
    const reached = await recordHits(async () => {
      const own = await collect(() => desk.load(SHARED, file));
      tests.push(...own.map((test, nth) => ({ file, nth, test })));
    });
    collecting.push([file, [...reached.keys()]]);
  }
  desk.tests = tests;
  return { loading: [...loading.keys()], collecting };
}

async function record(desk: Desk): Promise<Recording> {
  const { loading, collecting } = await enterShared(desk);
  const failures: string[] = [];
  const tests: RecordedTest[] = [];
  for (const { file, test } of desk.tests) {
    const start = performance.now();
    const reached = await recordHits(async () => {
      const problem = await failureOf(test);
      if (problem !== undefined) failures.push(`${file} > ${test.name}: ${problem}`);
    });
    tests.push({ file, name: test.name, ms: performance.now() - start, hits: [...reached] });
  }
  return { kind: 'recording', tests, loading, collecting, failures };
}

async function failureOf(test: CollectedTest): Promise<string | undefined> {
  unswept += 1;
  if (unswept % TESTS_PER_SWEEP === 0) await sweep?.();
  try {
    await runTest(test);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

async function judge(desk: Desk, job: MutantJob): Promise<{ killer: number | null; why: string }> {
  active = job.mutant;
  left = job.limit;
  try {
    const find = job.fresh ? findFresh(desk) : async (place: number) => desk.tests[place]?.test;
    for (const place of job.tests) {
      say({ kind: 'step', test: place });
      const test = await find(place);
      if (test === undefined) continue;
      left = job.limit;
      const problem = await failureOf(test);
      if (problem !== undefined) return { killer: place, why: problem };
    }
    return { killer: null, why: '' };
  } catch (error) {
    return { killer: job.tests[0] ?? -1, why: `while loading: ${error}` };
  } finally {
    active = -1;
  }
}

/** Test files are loaded when the first of their tests is wanted, with the mutant in place. */
function findFresh(desk: Desk): (place: number) => Promise<CollectedTest | undefined> {
  desk.realms += 1;
  const realm = desk.realms;
  const loaded = new Map<string, readonly CollectedTest[]>();
  return async (place) => {
    const row = desk.tests[place];
    if (row === undefined) return undefined;
    const tests = loaded.get(row.file) ?? (await collect(() => desk.load(realm, row.file)));
    loaded.set(row.file, tests);
    return tests[row.nth];
  };
}

const MAPPINGS = '/proc/self/maps';
const countMappings = (): number =>
  existsSync(MAPPINGS) ? readFileSync(MAPPINGS, 'utf8').split('\n').length : 0;

async function main(): Promise<void> {
  await rememberCurves();
  let desk: Desk | undefined;
  let queue = Promise.resolve();
  const handle = async (message: ToWorker): Promise<void> => {
    if (message.kind === 'setup') {
      desk = { setup: message, load: openRealms(message.root, message.own), tests: [], realms: 0 };
      return;
    }
    if (desk === undefined) throw new Error('a job before the setup');
    if (message.kind === 'record') return say(await record(desk));
    if (desk.tests.length === 0) await enterShared(desk);
    if (message.kind === 'mutant') {
      const { killer, why } = await judge(desk, message);
      const heap = process.memoryUsage().heapUsed / (1 << 20);
      const mappings = countMappings();
      return say({ kind: 'judged', mutant: message.mutant, killer, why: why.slice(0, 300), heap, mappings });
    }
    let clean = true;
    for (const place of message.tests) {
      const test = desk.tests[place]?.test;
      if (test !== undefined && (await failureOf(test)) !== undefined) clean = false;
    }
    say({ kind: 'checked', clean });
  };
  process.on('message', (message: ToWorker) => {
    queue = queue.then(() => handle(message));
  });
  process.on('disconnect', () => process.exit());
  say({ kind: 'ready' });
}

await main();
