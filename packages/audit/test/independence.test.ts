import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const SOURCES = new URL('../src/', import.meta.url).pathname;
const IMPORT = /from '(@coldwire\/[^']+)'/g;
/** What the machines decide, sign and build with. Only a replay may run that again. */
const MACHINES = /^@coldwire\/(signer|gate|policy|wallet|vault|custody|screen)(\/|$)/;

it('verify shares no code with what it verifies: only formats, the reading of logs, and rebuilding of seals', () => {
  const files = globSync('**/*.ts', { cwd: SOURCES }).filter(
    (file) => !file.startsWith('replay/') && file !== 'main.ts' && file !== 'index.ts',
  );
  expect(files.length).toBeGreaterThan(20);
  const shared = files.flatMap((file) => {
    const text = readFileSync(`${SOURCES}${file}`, 'utf8');
    return [...text.matchAll(IMPORT)].map(([, name]) => name ?? '').filter((name) => MACHINES.test(name));
  });
  expect(shared).toEqual([]);
});
