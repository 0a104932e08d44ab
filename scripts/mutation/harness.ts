/**
 * What tests see as `vitest` while mutants run: the same names, collected as plain functions, so that one test can be run again
 * and again in one process without the runner's start. `expect` is the runner's own. What a test file uses beyond this is an error.
 */

export { expect } from 'vitest';

type Action = () => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly beforeAll: Action[];
  readonly beforeEach: Action[];
  readonly afterEach: Action[];
  readonly afterAll: Action[];
}

export interface CollectedTest {
  readonly name: string;
  readonly suite: Suite;
  readonly run: Action;
}

function openSuite(name: string, parent: Suite | undefined): Suite {
  return { name, parent, beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
}

let suite = openSuite('', undefined);
let collected: CollectedTest[] = [];

/** The tests that importing a file declares, in their order. */
export async function collect(load: () => Promise<unknown>): Promise<readonly CollectedTest[]> {
  suite = openSuite('', undefined);
  collected = [];
  await load();
  return collected;
}

/** Runs one test with every hook around it, also those that a runner runs once for many tests. */
export async function runTest(test: CollectedTest): Promise<void> {
  const around: Suite[] = [];
  for (let one: Suite | undefined = test.suite; one !== undefined; one = one.parent) around.unshift(one);
  try {
    for (const { beforeAll } of around) for (const hook of beforeAll) await hook();
    for (const { beforeEach } of around) for (const hook of beforeEach) await hook();
    await test.run();
  } finally {
    for (const { afterEach } of [...around].reverse()) for (const hook of afterEach) await hook();
    for (const { afterAll } of [...around].reverse()) for (const hook of afterAll) await hook();
  }
}

const nameOf = (one: Suite): string =>
  one.parent === undefined ? '' : `${nameOf(one.parent)}${one.name} > `;

function declareTest(name: string, run: Action): void {
  collected.push({ name: nameOf(suite) + name, suite, run });
}

function declareSuite(name: string, body: Action): void {
  const outer = suite;
  suite = openSuite(name, outer);
  try {
    body();
  } finally {
    suite = outer;
  }
}

function each(declare: (name: string, run: Action) => void) {
  return <T>(rows: readonly T[]) =>
    (name: string, body: (...row: readonly unknown[]) => unknown): void => {
      for (const [place, row] of rows.entries()) {
        const values: readonly unknown[] = Array.isArray(row) ? row : [row];
        declare(`${name} [${place}]`, () => body(...values));
      }
    };
}

const skipped = (): void => undefined;

export const describe = Object.assign(declareSuite, { each: each(declareSuite), skip: skipped });
export const test = Object.assign(declareTest, {
  each: each(declareTest),
  skip: skipped,
  todo: skipped,
  skipIf: (condition: unknown) => (condition ? skipped : declareTest),
  runIf: (condition: unknown) => (condition ? declareTest : skipped),
});
export const it = test;

export const beforeAll = (hook: Action): number => suite.beforeAll.push(hook);
export const beforeEach = (hook: Action): number => suite.beforeEach.push(hook);
export const afterEach = (hook: Action): number => suite.afterEach.push(hook);
export const afterAll = (hook: Action): number => suite.afterAll.push(hook);
