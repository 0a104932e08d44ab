/**
 * Judges mutants: which tests reach each, in which order they are tried, and when a verdict counts.
 *
 * Most mutants are switched on in a running process. That is right only for a test that reaches the mutant while it runs; where a
 * mutant is reached while sources or a test file are loaded, these are loaded anew. Whoever survives and compiles is tried once more
 * like that, so that nothing kept in memory hides a kill. And kills count once their tests have passed again without a mutant: otherwise the
 * process was spoilt, and they are judged anew. Whoever takes too long, or takes its process with it, is judged once more when
 * nothing else runs, with more time: a machine that does other things meanwhile kills nobody.
 */
import { basename, dirname } from 'node:path';
import type { Mutant } from './mutants.ts';
import { type Answer, WorkerProcess } from './pool.ts';
import type { RecordedTest, Recording, WorkerSetup } from './protocol.ts';

export interface Verdict {
  readonly mutant: Mutant;
  /** Refused: by the compiler. */
  readonly status: 'killed' | 'survived' | 'refused';
  /** Name of the test that fails; empty where there is none. */
  readonly killer: string;
  readonly why: string;
}

export interface JudgeOptions {
  readonly setup: WorkerSetup;
  readonly mutants: readonly Mutant[];
  readonly workers: number;
  /** Those that are said to survive are loaded anew at once. */
  readonly isExpected: (mutant: Mutant) => boolean;
  /** The test that killed it in an earlier run, to be tried first; empty if there is none. */
  readonly killerOf: (mutant: Mutant) => string;
  readonly progress: (done: number, total: number, survivors: number) => void;
  readonly survivor: (mutant: Mutant) => void;
  /** What a person who waits should know. */
  readonly notice: (text: string) => void;
  /** Ids of those that the compiler refuses. */
  readonly findRefused: (mutants: readonly Mutant[]) => ReadonlySet<number>;
  /** Told once, when the verdict counts. */
  readonly decided: (verdict: Verdict) => void;
}

const KILLS_PER_CHECK = 25;
/** Whom so many tests do not kill is judged by all of them, with everything loaded anew. */
const WARM_TESTS = 30;
/** A mistake is noticed by tests near to it, or it counts as unnoticed. Keeps the time for a survivor in bounds. */
const NEAR_TESTS = 160;
/** MiB; above, a process begins anew, long before it ends for want of memory. */
const HEAP_MAX = 600;
/**
 * Above, a process begins anew: where it comes near to Linux's 65,530, the kernel protects no more secrets, and tests of signers fail
 * for that instead of for the mutant.
 */
const MAPPINGS_MAX = 20_000;
const LOADING_MS = 180_000;
const RECORDING_MS = 900_000;
/** So much more time has who is judged alone. */
const ALONE = 5;
/** Tests that take so many times the usual time are tried after the others. */
const SLOW = 10;

/** @throws Error if a test fails without a mutant */
export async function judgeAll(options: JudgeOptions): Promise<readonly Verdict[]> {
  const first = new WorkerProcess(options.setup);
  const others = Array.from({ length: options.workers - 1 }, () => new WorkerProcess(options.setup));
  const workers = [first, ...others];
  try {
    const court = new Court(options, await record(first));
    await Promise.all(workers.map((worker) => court.work(worker)));
    court.callDoubtful();
    await Promise.all(workers.map((worker) => court.work(worker)));
    court.callLate();
    await court.work(first);
    return court.verdicts;
  } finally {
    for (const worker of workers) worker.stop();
  }
}

async function record(worker: WorkerProcess): Promise<Recording> {
  const answer = await worker.ask({ kind: 'record' }, () => RECORDING_MS);
  if (answer.kind !== 'recording') throw new Error(`the tests could not be recorded: ${explain(answer)}`);
  if (answer.failures.length === 0) return answer;
  throw new Error(`tests fail without any mutant:\n${answer.failures.join('\n')}`);
}

const nameOf = ({ file, name }: RecordedTest): string => `${file} > ${name}`;
const explain = (answer: Answer): string => (answer.kind === 'dead' ? answer.why : answer.kind);

/**
 * Smaller is nearer, number by number: tests of the same name, then those of the same directory, then those that reach most of
 * the source, then those that reach least beside.
 */
function distanceOf(
  source: string,
  own: ReadonlySet<number>,
  { file, hits }: RecordedTest,
): readonly number[] {
  const path = source.replace('/src/core/', '/src/').split('/src/')[1] ?? '';
  const test = file.split('/test/')[1] ?? '';
  const isNamesake = basename(test, '.test.ts') === basename(path, '.ts');
  const reached = hits.filter(([id]) => own.has(id)).length;
  return [isNamesake ? 0 : 1, dirname(test) === dirname(path) ? 0 : 1, -reached, hits.length];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}

interface Case {
  readonly mutant: Mutant;
  readonly fresh: boolean;
  /** In a process of its own, while no other works. */
  readonly alone: boolean;
}

class Court {
  readonly #options: JudgeOptions;
  readonly #recording: Recording;
  readonly #queue: Case[];
  /** To be judged with everything loaded anew. */
  readonly #later: readonly Mutant[];
  /** Who survived so far. */
  readonly #doubtful: Mutant[] = [];
  /** Who took too long while others worked. */
  readonly #late: Mutant[] = [];
  readonly #verdicts = new Map<number, Verdict>();
  /** By mutant: the tests that reach it while they run. */
  readonly #reached = new Map<number, number[]>();
  /** By mutant: the test files that reach it while they are loaded. */
  readonly #collected = new Map<number, Set<string>>();
  readonly #loading: ReadonlySet<number>;
  readonly #hits = new Map<number, number>();
  /** By source: all tests by their distance. */
  readonly #orders = new Map<string, readonly number[]>();
  /** By source: tests that killed there, the last one first. */
  readonly #killers = new Map<string, number[]>();
  /** By name, as in verdicts. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #slow: ReadonlySet<number>;
  #survivors = 0;

  constructor(options: JudgeOptions, recording: Recording) {
    this.#options = options;
    this.#recording = recording;
    this.#loading = new Set(recording.loading);
    for (const [place, { hits }] of recording.tests.entries()) {
      for (const [mutant, count] of hits) {
        this.#reached.set(mutant, [...(this.#reached.get(mutant) ?? []), place]);
        this.#hits.set(mutant, Math.max(count, this.#hits.get(mutant) ?? 0));
      }
    }
    for (const [file, mutants] of recording.collecting) {
      for (const mutant of mutants) {
        this.#collected.set(mutant, (this.#collected.get(mutant) ?? new Set()).add(file));
      }
    }
    const isLater = (mutant: Mutant): boolean =>
      options.isExpected(mutant) || this.#warmTests(mutant).length === 0;
    this.#later = options.mutants.filter(isLater);
    this.#queue = options.mutants
      .filter((mutant) => !isLater(mutant))
      .map((mutant) => ({ mutant, fresh: false, alone: false }));
    this.#places = new Map(recording.tests.map((test, place) => [nameOf(test), place]));
    const times = recording.tests.map(({ ms }) => ms);
    const usual = [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
    this.#slow = new Set(times.flatMap((ms, place) => (ms > SLOW * usual ? [place] : [])));
  }

  get verdicts(): readonly Verdict[] {
    return this.#options.mutants.flatMap(({ id }) => this.#verdicts.get(id) ?? []);
  }

  #warmTests({ id }: Mutant): readonly number[] {
    if (this.#loading.has(id)) return [];
    const loadedBy = this.#collected.get(id);
    return (this.#reached.get(id) ?? []).filter(
      (place) => loadedBy?.has(this.#recording.tests[place]?.file ?? '') !== true,
    );
  }

  #freshTests({ id }: Mutant): readonly number[] {
    const { tests } = this.#recording;
    if (this.#loading.has(id)) return [...tests.keys()];
    const loadedBy = this.#collected.get(id);
    const reached = new Set(this.#reached.get(id));
    return [...tests.keys()].filter(
      (place) => reached.has(place) || loadedBy?.has(tests[place]?.file ?? '') === true,
    );
  }

  /** The nearest tests; among these who killed it in an earlier run comes first, then who killed here before, and slow ones last. */
  #inOrder(mutant: Mutant, places: readonly number[], most: number): readonly number[] {
    const open = new Set(places);
    const near = this.#byDistance(mutant.file)
      .filter((place) => open.has(place))
      .slice(0, NEAR_TESTS);
    const known = [this.#places.get(this.#options.killerOf(mutant)) ?? -1].filter((place) => open.has(place));
    const killers = (this.#killers.get(mutant.file) ?? []).filter((place) => near.includes(place));
    const quick = near.filter((place) => !this.#slow.has(place));
    return [...new Set([...known, ...killers, ...quick, ...near])].slice(0, most);
  }

  /** All tests, the nearest to a source first. The same in every run. */
  #byDistance(source: string): readonly number[] {
    const known = this.#orders.get(source);
    if (known !== undefined) return known;
    const own = new Set(this.#options.mutants.filter(({ file }) => file === source).map(({ id }) => id));
    const rows = this.#recording.tests.map((test, place) => ({
      place,
      distance: distanceOf(source, own, test),
    }));
    rows.sort((a, b) => compare(a.distance, b.distance) || a.place - b.place);
    const order = rows.map(({ place }) => place);
    this.#orders.set(source, order);
    return order;
  }

  /** Takes cases until none is left. */
  async work(worker: WorkerProcess): Promise<void> {
    let unchecked: { readonly found: Case; readonly killer: number }[] = [];
    const check = async (): Promise<void> => {
      const tests = [...new Set(unchecked.map(({ killer }) => killer))];
      const patience = tests.reduce((sum, place) => sum + this.#patience(place, false), LOADING_MS);
      const answer = await worker.ask({ kind: 'check', tests }, () => patience);
      const isClean = answer.kind === 'checked' && answer.clean;
      if (!isClean) {
        worker.stop();
        this.#options.notice(`${unchecked.length} kills are judged anew: their process is spoilt or gone`);
      }
      for (const { found } of unchecked) {
        if (isClean) this.#tell(found.mutant);
        else this.#reopen({ ...found, fresh: true });
      }
      unchecked = [];
    };
    for (;;) {
      const found = this.#queue.shift();
      if (found === undefined) {
        if (unchecked.length > 0) await check();
        if (this.#queue.length === 0) break;
        continue;
      }
      if (found.alone) worker.stop();
      const answer = await this.#try(worker, found);
      if (answer.kind === 'dead') {
        for (const { found: other } of unchecked) this.#reopen(other);
        unchecked = [];
      } else if (answer.kind === 'judged' && answer.killer !== null && !found.fresh) {
        unchecked.push({ found, killer: answer.killer });
      }
      const isFull = answer.kind === 'judged' && (answer.heap > HEAP_MAX || answer.mappings > MAPPINGS_MAX);
      if (unchecked.length >= KILLS_PER_CHECK || (isFull && unchecked.length > 0)) await check();
      if (isFull) worker.stop();
    }
    worker.stop();
  }

  /** Whoever survived so far and compiles is loaded anew, and with them all that have to be. */
  callDoubtful(): void {
    const doubtful = this.#doubtful.splice(0);
    const refused = doubtful.length === 0 ? new Set() : this.#options.findRefused(doubtful);
    for (const mutant of doubtful.filter(({ id }) => refused.has(id))) {
      this.#decide(mutant, 'refused', '', 'it does not compile');
      this.#tell(mutant);
    }
    const rest = [...this.#later, ...doubtful.filter(({ id }) => !refused.has(id))];
    for (const mutant of rest) this.#queue.push({ mutant, fresh: true, alone: false });
  }

  /** Puts those that were late back into the queue, now that nothing else runs. */
  callLate(): void {
    for (const mutant of this.#late.splice(0)) this.#queue.push({ mutant, fresh: true, alone: true });
  }

  #reopen(one: Case): void {
    this.#verdicts.delete(one.mutant.id);
    this.#queue.push(one);
  }

  async #try(worker: WorkerProcess, { mutant, fresh, alone }: Case): Promise<Answer> {
    const tests = fresh
      ? this.#inOrder(mutant, this.#freshTests(mutant), NEAR_TESTS)
      : this.#inOrder(mutant, this.#warmTests(mutant), WARM_TESTS);
    const limit = 1000 + 100 * (this.#hits.get(mutant.id) ?? 1000);
    const job = { kind: 'mutant', mutant: mutant.id, tests, fresh, limit } as const;
    const answer = await worker.ask(job, (test) => this.#patience(test, fresh) * (alone ? ALONE : 1));
    if (answer.kind === 'dead') {
      this.#options.notice(`a worker ended (${answer.why}) at ${mutant.file}:${mutant.line}`);
      if (!alone) this.#late.push(mutant);
      else this.#decide(mutant, 'killed', '(it never ends)', answer.why);
    } else if (answer.kind !== 'judged') throw new Error(`a worker answers ${answer.kind}`);
    else if (answer.killer !== null) this.#kill(mutant, answer.killer, answer.why);
    else if (fresh) {
      this.#options.survivor(mutant);
      this.#decide(mutant, 'survived', '', tests.length === 0 ? 'no test reaches it' : '');
    } else this.#doubtful.push(mutant);
    if (fresh && answer.kind === 'judged') this.#tell(mutant);
    if (alone && answer.kind === 'dead') this.#tell(mutant);
    return answer;
  }

  #tell({ id }: Mutant): void {
    const verdict = this.#verdicts.get(id);
    if (verdict !== undefined) this.#options.decided(verdict);
  }

  #patience(test: number | undefined, fresh: boolean): number {
    if (test === undefined) return LOADING_MS;
    const { ms = 0 } = this.#recording.tests[test] ?? {};
    return 4000 + 20 * ms + (fresh ? 20_000 : 0);
  }

  #kill(mutant: Mutant, killer: number, why: string): void {
    const others = (this.#killers.get(mutant.file) ?? []).filter((place) => place !== killer);
    this.#killers.set(mutant.file, [killer, ...others]);
    const test = this.#recording.tests[killer];
    this.#decide(mutant, 'killed', test === undefined ? '(loading)' : nameOf(test), why);
  }

  #decide(mutant: Mutant, status: Verdict['status'], killer: string, why: string): void {
    this.#verdicts.set(mutant.id, { mutant, status, killer, why });
    if (status === 'survived') this.#survivors += 1;
    this.#options.progress(this.#verdicts.size, this.#options.mutants.length, this.#survivors);
  }
}
