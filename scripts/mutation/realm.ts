/**
 * Loads test files and the sources below them as often as is asked for: each realm has its own copy of every module of the package
 * that is judged, and of those between it and the tests, told apart by a query behind its address. So a mutant in what runs at
 * loading needs no new process. Modules of other packages hold no mutants and are shared.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FEW_RUNS = new URL('few-runs.ts', import.meta.url).href;
const REPLACED: Readonly<Record<string, string>> = {
  vitest: new URL('harness.ts', import.meta.url).href,
  'fast-check': FEW_RUNS,
};
/** Where tests ask how many runs they have. */
const FORM = 'test/world/form.ts';

/**
 * @param root directory of the copy that is mutated
 * @param own directories below it that each realm has a copy of
 */
export function openRealms(
  root: string,
  own: readonly string[],
): (realm: number, file: string) => Promise<unknown> {
  const inside = `${pathToFileURL(root).href}/`;
  const isJudged = (url: string): boolean =>
    own.some((directory) => url.startsWith(`${inside}${directory}/`));
  const texts = new Map<string, string>();
  const readPlain = (path: string): string => {
    const text = texts.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'));
    texts.set(path, text);
    return text;
  };
  registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL;
      if (parent?.startsWith(inside) !== true) return next(specifier, context);
      const replaced = REPLACED[specifier];
      if (replaced !== undefined) return { url: replaced, format: 'module-typescript', shortCircuit: true };
      const found = next(specifier, context);
      if (found.url === inside + FORM)
        return { url: FEW_RUNS, format: 'module-typescript', shortCircuit: true };
      const realm = new URL(parent).searchParams.get('realm');
      const isOwn = isJudged(found.url) && found.url.endsWith('.ts');
      return realm !== null && isOwn ? { ...found, url: `${found.url}?realm=${realm}` } : found;
    },
    load(url, context, next) {
      if (!isJudged(url)) return next(url, context);
      return { format: 'module', source: readPlain(fileURLToPath(url)), shortCircuit: true };
    },
  });
  return (realm, file) => import(`${pathToFileURL(`${root}/${file}`).href}?realm=${realm}`);
}
