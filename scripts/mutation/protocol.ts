/** What the program and its workers say to each other. */

export interface WorkerSetup {
  readonly kind: 'setup';
  /** The copy of the repository that holds all mutants. */
  readonly root: string;
  /** Directories whose modules are loaded anew with each realm, relative to `root`, as are the files. */
  readonly own: readonly string[];
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

/** Runs every test once without a mutant. */
export interface RecordJob {
  readonly kind: 'record';
}

export interface MutantJob {
  readonly kind: 'mutant';
  readonly mutant: number;
  /** Places of the tests, in the order in which to run them. */
  readonly tests: readonly number[];
  /** Load everything anew with the mutant in place. */
  readonly fresh: boolean;
  /** More hits than this are a loop without end. */
  readonly limit: number;
}

/** Runs tests without a mutant: do they still pass after what mutants did to this process? */
export interface CheckJob {
  readonly kind: 'check';
  readonly tests: readonly number[];
}

export type ToWorker = WorkerSetup | RecordJob | MutantJob | CheckJob;

export interface RecordedTest {
  readonly file: string;
  readonly name: string;
  readonly ms: number;
  /** Hits by mutant. */
  readonly hits: readonly (readonly [mutant: number, hits: number])[];
}

export interface Recording {
  readonly kind: 'recording';
  readonly tests: readonly RecordedTest[];
  /** Mutants that are reached when the sources are loaded. */
  readonly loading: readonly number[];
  /** Mutants that a test file reaches when it is loaded. */
  readonly collecting: readonly (readonly [file: string, mutants: readonly number[]])[];
  /** Tests that fail without any mutant; none can be judged then. */
  readonly failures: readonly string[];
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | Recording
  /** The next test begins. */
  | { readonly kind: 'step'; readonly test: number }
  | {
      readonly kind: 'judged';
      readonly mutant: number;
      readonly killer: number | null;
      readonly why: string;
      /** MiB that the process holds: realms are never given back. */
      readonly heap: number;
      /** Mappings of the process, where the kernel lists them (Linux): guarded memory takes several for each secret. */
      readonly mappings: number;
    }
  | { readonly kind: 'checked'; readonly clean: boolean };
