/**
 * Loads test files and the sources below them as often as is asked for: each realm has its own copy of every module of the
 * repository, told apart by a query behind its address. So a mutant in what runs at loading needs no new process.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const FEW_RUNS = new URL('few-runs.ts', import.meta.url).href;
const REPLACED: Readonly<Record<string, string>> = {
  vitest: new URL('harness.ts', import.meta.url).href,
  'fast-check': FEW_RUNS,
};
/** Where tests ask how many runs they have. */
const FORM = 'test/world/form.ts';

/** @param root directory of the copy that is mutated; modules elsewhere are shared by all realms */
export function openRealms(root: string): (realm: number, file: string) => Promise<unknown> {
  const inside = `${pathToFileURL(root).href}/`;
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
      const isOurs = found.url.startsWith(inside) && /\.ts$/.test(found.url);
      return realm !== null && isOurs ? { ...found, url: `${found.url}?realm=${realm}` } : found;
    },
  });
  return (realm, file) => import(`${pathToFileURL(`${root}/${file}`).href}?realm=${realm}`);
}
