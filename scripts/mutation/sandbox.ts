/**
 * A copy of the packages to plant mistakes in: nobody's working tree is touched, and what others edit meanwhile does not matter.
 * Other dependencies are links to the installed ones.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const COPIED = ['packages', 'protocol-spec', 'test/world', 'tsconfig.json', 'package.json'];

export interface Sandbox {
  readonly root: string;
  readonly remove: () => void;
}

/**
 * Removed at the latest when the program ends.
 * @param repository directory of the repository
 * @param also further paths below it to copy
 */
export function openSandbox(repository: string, also: readonly string[] = []): Sandbox {
  const root = mkdtempSync(join(tmpdir(), 'coldwire-mutation-'));
  for (const path of [...COPIED, ...also]) {
    cpSync(join(repository, path), join(root, path), { recursive: true, verbatimSymlinks: true });
  }
  const installed = join(repository, 'node_modules');
  mkdirSync(join(root, 'node_modules/@coldwire'), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (name !== '@coldwire') symlinkSync(join(installed, name), join(root, 'node_modules', name));
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    symlinkSync(`../../packages/${name}`, join(root, 'node_modules/@coldwire', name));
  }
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  process.on('exit', remove);
  return { root, remove };
}
