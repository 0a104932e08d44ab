/** The fuzzer itself, on toys with planted faults (toy/): it must find each of them, and find the same ones again. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'fuzz.ts');
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(dirname(directory), { recursive: true, force: true });
});

interface Campaign {
  readonly execs: number;
  readonly corpus: number;
  readonly edges: number;
  readonly crashes: number;
}

interface Summary extends Campaign {
  readonly targets: { readonly [name: string]: Campaign };
  readonly directory?: string;
}

interface Ran {
  readonly status: number | null;
  readonly summary: Summary;
  readonly stderr: string;
}

function fuzz(...args: readonly string[]): Ran {
  const toys = ['--targets', join(import.meta.dirname, 'toy'), '--seconds', '100', '--hang', '1', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...toys, ...args], {
    encoding: 'utf8',
  });
  const summary: Summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (summary.directory !== undefined) directories.push(summary.directory);
  return { status, summary, stderr };
}

/** What is said of each crash that was kept, by name of its target. */
function crashesIn({ summary }: Ran): ReadonlyMap<string, { readonly text: string; readonly path: string }> {
  const directory = summary.directory ?? '';
  const files = readdirSync(directory).filter((file) => file.endsWith('.txt'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(directory, file), 'utf8');
      const path = join(directory, file.replace(/txt$/, 'bin'));
      return [/^target: (.*)$/m.exec(text)?.[1] ?? '', { text, path }];
    }),
  );
}

test('coverage leads to the bottom of five decisions, where as many blind mutations do not get', () => {
  const campaign = ['--target', 'deep', '--execs', '60000'];
  const guided = fuzz(...campaign);
  expect(guided.summary).toMatchObject({ execs: 60_000, crashes: 1 });
  expect(guided.status).toBe(1);
  expect(guided.stderr).toContain('RangeError: planted at the bottom (test/fuzz/toy/deep.ts:');
  const blind = fuzz(...campaign, '--blind');
  expect(blind.summary).toMatchObject({ execs: 60_000, crashes: 0 });
  expect(blind.status).toBe(0);
  expect(blind.summary.edges).toBeLessThan(guided.summary.edges);
});

test('a broken property is found and made small, its file runs again, and one seed gives one campaign', () => {
  const campaign = ['--target', 'property', '--target', 'sound', '--execs', '6000', '--seed', 'twice'];
  const first = fuzz(...campaign);
  expect(first.summary.targets['sound']?.crashes).toBe(0);
  expect(first.summary.targets['property']?.crashes).toBe(1);
  const found = crashesIn(first).get('property');
  expect(found?.text).toContain('broken property: one form for each number');
  expect([...readFileSync(found?.path ?? '')]).toEqual([2, 0, 0]);
  const again = fuzz('--target', 'property', '--replay', found?.path ?? '');
  expect(again.status).toBe(1);
  expect(again.summary).toMatchObject({ execs: 1, crashes: 1 });
  expect(fuzz(...campaign).summary.targets).toEqual(first.summary.targets);
});

test('an input that never comes back and one that takes too much memory are crashes, and others go on', () => {
  const ran = fuzz('--target', 'endless', '--target', 'memory', '--execs', '400');
  const crashes = crashesIn(ran);
  expect(crashes.get('endless')?.text).toContain('kind: hang');
  expect([...readFileSync(crashes.get('endless')?.path ?? '')]).toContain(0);
  expect(crashes.get('memory')?.text).toMatch(
    /kind: memory\nwhat: allocates \d+ bytes, the bound is 67108864/,
  );
});
