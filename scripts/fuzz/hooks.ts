/**
 * Has Node load the packages' sources instrumented. To be called before the first of them is imported; what is loaded before
 * stays as it is and shows no coverage.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { reservePlaces } from './counters.ts';
import { instrument } from './instrument.ts';

const COUNTERS = new URL('./counters.ts', import.meta.url).href;

/**
 * @param isOurs which modules to instrument, by URL
 * @returns the literals of all modules loaded so far; grows as modules are loaded
 */
export function loadInstrumented(isOurs: (url: string) => boolean): ReadonlySet<string | number> {
  const literals = new Set<string | number>();
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.endsWith('.ts') || !isOurs(url)) return nextLoad(url, context);
      const instrumented = instrument(readFileSync(fileURLToPath(url), 'utf8'), reservePlaces, COUNTERS);
      for (const literal of instrumented.literals) literals.add(literal);
      return { format: 'module', source: instrumented.code, shortCircuit: true };
    },
  });
  return literals;
}
