/**
 * One campaign against one target: mutate inputs of the corpus, run them, keep those that enter new branches. Which inputs
 * are run follows from the seed alone; a bound of time only decides how many of them.
 */
import { Coverage, clearCounters } from './counters.ts';
import { type Crash, judgeInput } from './judge.ts';
import { minimize } from './minimize.ts';
import { BYTE_MUTATORS } from './mutate/bytes.ts';
import type { Mutator, Pool } from './mutate/mutator.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

export interface FoundCrash extends Crash {
  readonly input: Uint8Array;
}

export interface Campaign {
  readonly execs: number;
  readonly corpus: number;
  readonly edges: number;
  readonly crashes: number;
}

export interface CampaignOptions {
  readonly seed: string;
  /** Off: nothing is kept, mutation is blind. For comparison. */
  readonly guided: boolean;
  readonly literals: ReadonlySet<string | number>;
  /** Asked before each run of a mutant, with the number of runs so far. */
  mayRun(execs: number): boolean;
  /** Told of each input before it runs, so that somebody outside knows what hangs. */
  beforeRun(input: Uint8Array): void;
  onCrash(crash: FoundCrash): void;
  onProgress(campaign: Campaign): void;
}

interface Entry {
  readonly input: Uint8Array;
  /** What the input showed that was new: 8 a branch, 1 a bucket. */
  readonly news: number;
}

const MOST_CRASHES = 50;
const ROUND = 32;

export class Engine {
  readonly #target: Target;
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #coverage = new Coverage();
  readonly #entries: Entry[] = [];
  readonly #mutators: readonly Mutator[];
  readonly #words: readonly Uint8Array[];
  readonly #crashes = new Set<string>();
  #execs = 0;

  constructor(target: Target, options: CampaignOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#words = [...options.literals].flatMap(wordsOf);
    // Of two mutations one knows the form, where there are any that do.
    const own = target.mutators ?? [];
    const times = own.length === 0 ? 0 : Math.ceil(BYTE_MUTATORS.length / own.length);
    this.#mutators = [...BYTE_MUTATORS, ...Array.from({ length: times }, () => own).flat()];
  }

  async run(): Promise<Campaign> {
    // However little time there is, every input to begin with is run.
    for (const seed of [...this.#target.seeds, new Uint8Array(0)]) {
      await this.#runOne(seed.subarray(0, this.#target.maxLength), true);
    }
    if (this.#entries.length === 0) this.#entries.push({ input: new Uint8Array(0), news: 0 });
    const pool: Pool = {
      random: this.#random,
      other: () => this.#random.pick(this.#entries).input,
      word: () => (this.#words.length === 0 ? this.#random.bytes(4) : this.#random.pick(this.#words)),
    };
    while (this.#mayRun()) await this.#runRound(pool);
    return this.#campaign();
  }

  #mayRun(): boolean {
    return this.#crashes.size < MOST_CRASHES && this.#options.mayRun(this.#execs);
  }

  #campaign(): Campaign {
    return {
      execs: this.#execs,
      corpus: this.#entries.length,
      edges: this.#coverage.edges,
      crashes: this.#crashes.size,
    };
  }

  /** Some mutants of one entry. */
  async #runRound(pool: Pool): Promise<void> {
    const parent = this.#choose();
    for (let left = ROUND; left > 0 && this.#mayRun(); left--) {
      await this.#runOne(this.#mutate(parent.input, pool), false);
    }
    this.#options.onProgress(this.#campaign());
  }

  /** Of three picks the one that showed most; half of the time out of the newest. */
  #choose(): Entry {
    const { length } = this.#entries;
    const from = this.#random.oneIn(2) ? Math.max(0, length - 16) : 0;
    const picks = [0, 1, 2].map(() => this.#entries[from + this.#random.below(length - from)]);
    const best = picks.reduce((a, b) => ((b?.news ?? 0) > (a?.news ?? 0) ? b : a));
    if (best === undefined) throw new Error('the corpus is empty');
    return this.#random.oneIn(2) ? best : (picks[0] ?? best);
  }

  #mutate(input: Uint8Array, pool: Pool): Uint8Array {
    let mutant = input;
    for (let times = this.#random.few(8); times > 0; times--) {
      mutant = this.#random.pick(this.#mutators)(mutant, pool).subarray(0, this.#target.maxLength);
    }
    return mutant;
  }

  async #runOne(input: Uint8Array, isSeed: boolean): Promise<void> {
    this.#options.beforeRun(input);
    this.#execs += 1;
    clearCounters();
    const crash = await judgeInput(this.#target, input);
    const news = this.#coverage.take();
    if (crash !== undefined) await this.#takeCrash(input, crash);
    const keep = isSeed || (this.#options.guided && news > 0);
    if (keep && crash === undefined) this.#entries.push({ input: Uint8Array.from(input), news });
  }

  async #takeCrash(input: Uint8Array, crash: Crash): Promise<void> {
    if (this.#crashes.has(crash.key)) return;
    this.#crashes.add(crash.key);
    const same = async (candidate: Uint8Array): Promise<boolean> => {
      this.#options.beforeRun(candidate);
      return (await judgeInput(this.#target, candidate))?.key === crash.key;
    };
    const small = crash.kind === 'error' ? await minimize(input, same) : input;
    this.#options.onCrash({ ...crash, input: Uint8Array.from(small) });
  }
}

/** A literal of the sources as it may stand in an input: text, and numbers of one, two and four bytes, either way round. */
function wordsOf(literal: string | number): Uint8Array[] {
  if (typeof literal === 'string') return [new Uint8Array(Buffer.from(literal))];
  if (literal > 0xffffffff) return [];
  if (literal < 256) return [Uint8Array.of(literal)];
  const width = literal < 65_536 ? 2 : 4;
  const little = Uint8Array.from({ length: width }, (_, at) => Math.floor(literal / 256 ** at) & 0xff);
  return [little, Uint8Array.from(little).reverse()];
}
