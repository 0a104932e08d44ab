/** What a source file loads: our own files, packages from outside and parts of Node, followed through the real imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGES = join(ROOT, 'packages');

/** One import or re-export. `typeOnly`: gone when it runs. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const FROM = /^(?:import|export)\s+(type\s)?([^;'"`]*?)\s*from\s*'([^']+)'/gm;
const BARE = /^import\s+'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*(?:'([^']+)'|([^'\s)][^)]*))\s*\)/g;
const REQUIRE = /\brequire(?:\.resolve)?\(\s*'([^']+)'/g;

/** @throws Error on an import whose target is computed: nobody could follow it */
export function readImports(file: string): readonly Import[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\*|\/\*\*?).*$/gm, '');
  const found: Import[] = [];
  for (const [, type, what = '', specifier = ''] of text.matchAll(FROM)) {
    const parts = what.replaceAll(/[{}\s]+/g, ' ').trim();
    const allTypes = what.startsWith('{') && parts.split(',').every((part) => /^\s*(?:type\s|$)/.test(part));
    found.push({ specifier, typeOnly: type !== undefined || allTypes });
  }
  for (const [, specifier = ''] of text.matchAll(BARE)) found.push({ specifier, typeOnly: false });
  for (const [, specifier, computed] of text.matchAll(DYNAMIC)) {
    if (specifier === undefined)
      throw new Error(`${relative(ROOT, file)}: import(${computed}) cannot be followed`);
    found.push({ specifier, typeOnly: false });
  }
  for (const [, specifier = ''] of text.matchAll(REQUIRE)) found.push({ specifier, typeOnly: false });
  return found;
}

/** Our own file that an import leads to; undefined for one from outside. */
export function resolveOwn(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier);
  const own = /^@coldwire\/([a-z]+)(?:\/(.+))?$/.exec(specifier);
  return own === null ? undefined : join(PACKAGES, own[1] ?? '', 'src', own[2] ?? 'index.ts');
}

export interface Graph {
  /** Relative to the root. */
  readonly files: ReadonlySet<string>;
  /** Each import from outside, with one file that makes it. */
  readonly outside: ReadonlyMap<string, string>;
}

/** Everything that running `entry` loads. */
export function walkImports(entry: string): Graph {
  const files = new Set([entry]);
  const outside = new Map<string, string>();
  // A Set is visited in the order of insertion, files added on the way included.
  for (const file of files) {
    if (!/\.[cm]?[jt]s$/.test(file)) continue;
    for (const { specifier, typeOnly } of readImports(file)) {
      if (typeOnly) continue;
      const own = resolveOwn(specifier, file);
      if (own !== undefined) files.add(own);
      else if (!outside.has(specifier)) outside.set(specifier, relative(ROOT, file));
    }
  }
  return { files: new Set([...files].map((file) => relative(ROOT, file))), outside };
}

export const packageNames = (): readonly string[] =>
  readdirSync(PACKAGES).filter((name) => existsSync(join(PACKAGES, name, 'package.json')));

/** The TypeScript files below a directory of the repository, as absolute paths. */
export function sourcesOf(directory: string): readonly string[] {
  const place = join(ROOT, directory);
  if (!existsSync(place)) return [];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'));
}
