import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageNames, ROOT, sourcesOf } from './import-graph.ts';

const all = ['packages', 'scripts', 'test'].flatMap(sourcesOf);
const own = all.filter((file) => !file.endsWith('.d.ts'));
const show = (file: string) => relative(ROOT, file);

/** Source without comments, texts and regular expressions, so that words in them do not count. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[\s;{(,])\/\/.*$/gm, '$1')
    .replaceAll(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
    .replaceAll(/`(?:\\.|[^`\\])*`/g, '``');
}

/** Names that say nothing of what is inside. */
const EMPTY_NAMES = /(^|[-_])(utils?|helpers?|common|managers?|misc|shared|stuff)([-_.]|$)/;
/** Whatever belongs to one machine or one house: a repository is for all. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a path in somebody’s home', /\/(?:home|Users)\/[a-z]/],
  [
    'a package registry',
    new RegExp(['registry\\.npm', 'js\\.org|npmmirror|', 'verdaccio|', 'artifactory'].join(''), 'i'),
  ],
  ['an absolute path of a working directory', new RegExp(['/', 'work/|/', 'workspace/|/', 'root/'].join(''))],
];

describe('every package', () => {
  it.each(packageNames())('%s has sources and tests', (name) => {
    expect(sourcesOf(`packages/${name}/src`).length).toBeGreaterThan(0);
    expect(sourcesOf(`packages/${name}/test`).some((file) => file.endsWith('.test.ts'))).toBe(true);
  });
});

describe('every source', () => {
  it('has a name that says what is inside', () => {
    expect(own.filter((file) => EMPTY_NAMES.test(basename(file))).map(show)).toEqual([]);
  });

  it('is under lint rules that refuse `any`, non-null assertions, enums and parameter properties', () => {
    const lint = readFileSync(join(ROOT, 'biome.json'), 'utf8');
    for (const rule of [
      'noExplicitAny',
      'noNonNullAssertion',
      'noEnum',
      'noParameterProperties',
      'useImportType',
    ]) {
      expect(lint).toContain(`"${rule}": "error"`);
    }
    for (const directory of ['packages', 'scripts', 'test']) expect(lint).not.toContain(`!${directory}`);
  });

  it('switches no check off; only a test may say that a type is an error', () => {
    const off = new RegExp(['@ts-(?:ignore|nocheck)', 'biome-ign' + 'ore', 'istanbul ign' + 'ore'].join('|'));
    const expected = new RegExp('@ts-expect' + '-error');
    const found = own.filter((file) => {
      const text = readFileSync(file, 'utf8');
      return off.test(text) || (expected.test(text) && !file.endsWith('.test.ts'));
    });
    expect(found.filter((file) => !file.endsWith('sources.test.ts')).map(show)).toEqual([]);
  });

  it('runs the tests that it has: none is skipped for good or run alone', () => {
    const found = own
      .filter((file) => file.endsWith('.test.ts') && !file.endsWith('sources.test.ts'))
      .filter((file) => /\b(?:it|test|describe)\.(?:only|skip|todo)\b/.test(codeOf(file)));
    expect(found.map(show)).toEqual([]);
  });

  it('opens with its purpose if it is of a package', () => {
    const sources = packageNames().flatMap((name) => sourcesOf(`packages/${name}/src`));
    const silent = sources.filter(
      (file) => !/^(?:#![^\n]*\n)?\s*(?:\/\*\*|\/\/)/.test(readFileSync(file, 'utf8')),
    );
    expect(silent.map(show)).toEqual([]);
  });

  it.each(FORBIDDEN)('names no %s', (_, pattern) => {
    const found = own.filter((file) => pattern.test(readFileSync(file, 'utf8')));
    expect(found.filter((file) => !file.endsWith('sources.test.ts')).map(show)).toEqual([]);
  });
});
