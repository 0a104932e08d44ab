import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '../src');
const ALLOWED = ['node:crypto', 'node:fs', 'node:path', 'node:process'];

it('nothing here imports a module that can open a socket or start a process: signers use this package', () => {
  const imported = readdirSync(SOURCE).flatMap((file) => {
    const text = readFileSync(join(SOURCE, file), 'utf8');
    return [...text.matchAll(/from '(node:[^']+)'|import '(node:[^']+)'|import\(/g)].map(
      ([, a, b]) => a ?? b ?? file,
    );
  });
  expect(imported.length).toBeGreaterThan(3);
  expect(imported.filter((name) => !ALLOWED.includes(name))).toEqual([]);
});
