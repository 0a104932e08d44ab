import { defineConfig } from 'vitest/config';

// Tests run in child processes of the pinned Node, two at a time: the reference machine has two cores.
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'test/world/prepare.ts',
    setupFiles: 'test/world/chance.ts',
    pool: 'forks',
    maxWorkers: 2,
    // For machines that do other things meanwhile: only what hangs takes so long.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
  },
});
