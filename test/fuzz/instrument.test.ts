import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseAst } from 'rolldown/parseAst';
import { afterAll, expect, test } from 'vitest';
import { instrument } from '../../scripts/fuzz/instrument.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COUNTERS = pathToFileURL(join(ROOT, 'scripts/fuzz/counters.ts')).href;
const folder = mkdtempSync(join(tmpdir(), 'coldwire-instrument-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every kind of branch, with the places where inserted text could change what is meant. */
const SAMPLE = `
type Kind = 'a' | 'b';
export const trace: unknown[] = [];
const note = <T>(value: T): T => (trace.push(value), value);
const object = (n: number) => ({ n });
class Holder {
  #value = 1;
  get value(): number { return this.#value; }
  add(by: number): this { if (by === 0) return this; else if (by < 0) this.#value -= 1; else this.#value += by; return this; }
}
function pick(kind: Kind | undefined): string {
  switch (kind) {
    case 'a':
    case 'b': { const both = 'both'; return both; }
    default: return kind ?? (note('none') && 'none');
  }
}
function* count(n: number) { for (let i = 0; i < n; i++) if (i % 2) yield i; }
export async function sample(): Promise<unknown[]> {
  const late = await Promise.resolve(1) === 1 ? 'late' : 'early';
  let text = ''; do text += 'x'; while (text.length < 3)
  for (const key in { k: 1 }) note(key);
  let missing: string | undefined; missing ??= 'set';
  const half = 5 / 2 >= 2.5 !== false || note('never');
  try { throw new RangeError('r'); } catch (error) { note(error instanceof RangeError); } finally { note('f'); }
  let i = 0; while (true) { if (++i > 2) break; else continue; }
  if (trace.length > 0) if (i === 4) note('no'); else note('inner');
  const nested = (a: number) => (b: number) => a <= b ? a === b ? 'same' : 'below' : 'above';
  const holder = new Holder().add(0).add(2).add(-1);
  note([1n < 2n, 'a' < 'b', NaN === NaN, 'ab' === ('a' + 'b'), null !== undefined]);
  return [pick('b'), pick(undefined), [...count(6)], late, text, missing, half, nested(1)(2), nested(2)(2), nested(3)(2), object(4), holder.value, i];
}
`;

async function load(name: string, code: string): Promise<{ sample(): Promise<unknown[]>; trace: unknown[] }> {
  const file = join(folder, name);
  writeFileSync(file, code);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

test('an instrumented source does what it did', async () => {
  const { code, literals } = instrument(SAMPLE, () => 0, COUNTERS);
  expect(code.split('\n')).toHaveLength(SAMPLE.split('\n').length);
  expect(literals).toContain('both');
  const [plain, counted] = [await load('plain.ts', SAMPLE), await load('counted.mjs', code)];
  expect(await counted.sample()).toEqual(await plain.sample());
  expect(counted.trace).toEqual(plain.trace);
});

test('every source of the packages can be instrumented', () => {
  const sources = readdirSync(join(ROOT, 'packages'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /^[a-z]+\/src\/.*(?<!\.d)\.ts$/.test(path),
  );
  expect(sources.length).toBeGreaterThan(200);
  let branches = 0;
  for (const path of sources) {
    const source = readFileSync(join(ROOT, 'packages', path), 'utf8');
    const { code } = instrument(source, () => 0, COUNTERS);
    // What is inserted at a wrong place is no program.
    expect(() => parseAst(code), path).not.toThrow();
    branches += code.split('__c.counters').length - 1;
  }
  expect(branches).toBeGreaterThan(5000);
});
