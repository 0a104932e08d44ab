import { defineConfig } from 'vitest/config';

// Tests run in child processes of the pinned Node, two at a time: the reference machine has two cores.
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'test/world/prepare.ts',
    setupFiles: 'test/world/chance.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
