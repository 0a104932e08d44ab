import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ALL = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'];
/** Functions of their arguments alone: no clock, process or state of a module. Files of these may follow one another in one process. */
const PURE = [
  'packages/{protocol,wallet,policy}/test/**/*.test.ts',
  'packages/vault/test/{coins,draft}/*.test.ts',
];

/** What takes longest, and mostly waits, comes first: the last worker is not left alone with it. */
const LONGEST = [
  'test/crash/',
  'test/journey/',
  'test/',
  'packages/signer/test/run/',
  'packages/custody/test/commands/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((part) => moduleId.startsWith(`${import.meta.dirname}/${part}`));
      return place < 0 ? LONGEST.length : place;
    };
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

// Tests run in child processes of the pinned Node, two at a time: the reference machine has two cores.
export default defineConfig({
  test: {
    globalSetup: 'test/world/prepare.ts',
    setupFiles: 'test/world/chance.ts',
    pool: 'forks',
    maxWorkers: 2,
    // For machines that do other things meanwhile: only what hangs takes so long.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'whole', include: ALL, exclude: [...configDefaults.exclude, ...PURE] } },
    ],
  },
});
