import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Where an import of one of our own files leads, or `undefined` for one from outside. */
function resolveOwn(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier);
  const own = /^@coldwire\/([a-z]+)(?:\/(.+))?$/.exec(specifier);
  return own === null ? undefined : join(packages, own[1] ?? '', 'src', own[2] ?? 'index.ts');
}

/** All files that loading `entry` loads, and everything that they import from outside. */
function followImports(entry: string): { readonly files: Set<string>; readonly outside: Set<string> } {
  const files = new Set([entry]);
  const outside = new Set<string>();
  // A Set is visited in the order of insertion, files added on the way included.
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    for (const [, typeOnly, specifier] of source.matchAll(
      /^(?:import|export)\s(type\s)?[^;]*?from '([^']+)';/gm,
    )) {
      if (specifier === undefined || typeOnly !== undefined) continue;
      const own = resolveOwn(specifier, file);
      if (own === undefined) outside.add(specifier);
      else files.add(own);
    }
    for (const [, specifier] of source.matchAll(/\bimport\(\s*'([^']+)'\s*\)|^import '([^']+)';/gm)) {
      outside.add(specifier ?? 'an import for its effect');
    }
  }
  return { files, outside };
}

test('the core imports hash functions and nothing else: no curve, no scure, no node module', () => {
  const { files, outside } = followImports(join(packages, 'wallet/src/index.ts'));
  expect([...outside].sort()).toEqual([
    '@noble/hashes/hmac.js',
    '@noble/hashes/legacy.js',
    '@noble/hashes/sha2.js',
  ]);
  expect(files.size, 'the walk saw the whole core').toBeGreaterThan(20);
  for (const file of files) expect(file).not.toMatch(/noble\.ts$|\/export\//);
});

test('the walk that finds this would find a curve: it does, from the file that has one', () => {
  const { outside } = followImports(join(packages, 'wallet/src/noble.ts'));
  expect([...outside]).toContain('@noble/secp256k1');
});
