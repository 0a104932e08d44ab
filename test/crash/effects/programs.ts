/** The programs from the sources as they are, each in one file as in the bundle, with the preload and the native files beside. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pins from '@coldwire/signer/io/native-pins.json' with { type: 'json' };
import { build } from 'esbuild';
import { MACHINE } from '../../../scripts/bundle/assemble.ts';
import { buildProgram } from '../../../scripts/bundle/programs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const OTHERS = {
  gate: 'packages/gate/src/main.ts',
  vault: 'packages/vault/src/main.ts',
  preload: 'test/crash/effects/preload.ts',
} as const;
/** Some of what they import is CommonJS. */
const REQUIRE = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);`;

export async function writePrograms(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const { machine, installed, bundled } of pins)
    if (machine === MACHINE) copyFileSync(join(ROOT, 'node_modules', installed), join(directory, bundled));
  writeFileSync(join(directory, 'signer.mjs'), (await buildProgram(ROOT, 'signer')).code);
  for (const [name, entry] of Object.entries(OTHERS))
    await build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      outfile: join(directory, `${name}.mjs`),
      banner: { js: REQUIRE },
      logLevel: 'warning',
    });
}
