import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeProgram, readProgramFile } from '../src/index.ts';

it('is the file that Node runs, whatever link leads to it, and its hash is what sha256sum prints', () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'coldwire-program-')));
  try {
    const source = fileURLToPath(new URL('../src/program-file.ts', import.meta.url));
    const file = join(directory, 'program.ts');
    writeFileSync(file, `import { describeProgram } from '${source}';\nconsole.log(describeProgram());\n`);
    symlinkSync(file, join(directory, 'link.ts'));
    const said = spawnSync(process.execPath, [join(directory, 'link.ts')], { encoding: 'utf8' }).stdout;
    expect(said).toBe(spawnSync('sha256sum', [file], { encoding: 'utf8' }).stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('is read once: what is put in its place later changes nothing of what was said', () => {
  const { path, sha256 } = readProgramFile();
  expect(Buffer.from(sha256)).toEqual(createHash('sha256').update(readFileSync(path)).digest());
  expect(readProgramFile()).toBe(readProgramFile());
  expect(describeProgram()).toMatch(/^[0-9a-f]{64} {2}\//);
});
