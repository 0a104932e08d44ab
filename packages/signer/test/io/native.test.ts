import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadNatives } from '../../src/io/native.ts';
import pins from '../../src/io/native-pins.json' with { type: 'json' };

const MODULES = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules');
const MACHINE = `${process.platform}-${process.arch}`;
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const mine = pins.filter((pin) => pin.machine === MACHINE);
let modules = '';

/** A node_modules directory of its own with both pinned files. */
beforeEach(() => {
  modules = mkdtempSync(join(tmpdir(), 'coldwire-native-'));
  directories.push(modules);
  for (const pin of mine) {
    mkdirSync(dirname(join(modules, pin.installed)), { recursive: true });
    copyFileSync(join(MODULES, pin.installed), join(modules, pin.installed));
  }
});

function pathOf(name: string): string {
  const pin = mine.find((candidate) => candidate.name === name);
  if (pin === undefined) throw new Error(`no pin of ${name} for ${MACHINE}`);
  return join(modules, pin.installed);
}

const load = (): unknown => loadNatives({ kind: 'installed', path: modules });
const refusal = (what: RegExp): unknown =>
  expect.objectContaining({
    code: 'PREFLIGHT',
    what: expect.stringMatching(what),
    todo: expect.stringMatching(/Install/),
  });

describe('loading the native files', () => {
  test('takes the pinned ones and says which they are', () => {
    const natives = loadNatives({ kind: 'installed', path: modules });
    expect(natives.files.map((file) => [file.name, file.path])).toEqual([
      ['secp256k1', pathOf('secp256k1')],
      ['sodium-native', pathOf('sodium-native')],
    ]);
  });

  test('finds them side by side in a bundle too', () => {
    const bundle = mkdtempSync(join(tmpdir(), 'coldwire-bundle-'));
    directories.push(bundle);
    for (const pin of mine) copyFileSync(join(MODULES, pin.installed), join(bundle, pin.bundled));
    expect(loadNatives({ kind: 'bundled', path: bundle }).files).toHaveLength(2);
  });

  test.each(['secp256k1', 'sodium-native'])('refuses %s with one flipped bit', (name) => {
    const bytes = readFileSync(pathOf(name));
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(pathOf(name), bytes);
    expect(load).toThrow(refusal(/is not the pinned one: SHA-256 [0-9a-f]{64}, want [0-9a-f]{64}/));
  });

  test.each(['secp256k1', 'sodium-native'])(
    'refuses when %s is missing, and falls back to nothing',
    (name) => {
      rmSync(pathOf(name));
      // What node-gyp-build and elliptic would have been content with.
      cpSync(join(MODULES, 'secp256k1', 'lib'), join(modules, 'secp256k1', 'lib'), { recursive: true });
      expect(load).toThrow(refusal(/cannot be read/));
    },
  );

  test('refuses the file of another package under the pinned name', () => {
    copyFileSync(pathOf('sodium-native'), pathOf('secp256k1'));
    expect(load).toThrow(refusal(/is not the pinned one/));
  });
});

describe('a decoy', () => {
  test('in build/Release, by environment variable or by another working directory changes nothing', () => {
    const decoy = Buffer.from('not an ELF file');
    for (const pin of mine) {
      const build = join(modules, pin.name, 'build', 'Release');
      mkdirSync(build, { recursive: true });
      writeFileSync(join(build, `${pin.name}.node`), decoy);
      mkdirSync(join(modules, 'decoy', 'prebuilds', MACHINE), { recursive: true });
      writeFileSync(join(modules, 'decoy', 'prebuilds', MACHINE, 'node.napi.node'), decoy);
    }
    const decoyRoot = join(modules, 'decoy');
    const source = `
      import { loadNatives } from ${JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'io', 'native.ts'))};
      const fromCopy = loadNatives({ kind: 'installed', path: ${JSON.stringify(modules)} });
      const fromDefault = loadNatives();
      console.log(JSON.stringify([...fromCopy.files, ...fromDefault.files].map((file) => file.sha256)));`;
    const program = join(modules, 'program.mts');
    writeFileSync(program, source);
    const env = {
      PREBUILDS_ONLY: '1',
      NODE_GYP_BUILD_PREFER: 'build',
      SECP256K1_PREBUILD: decoyRoot,
      'SODIUM-NATIVE_PREBUILD': decoyRoot,
      SODIUM_NATIVE_PREBUILD: decoyRoot,
      npm_config_runtime: 'electron',
    };
    const run = spawnSync(process.execPath, [program], { cwd: decoyRoot, env, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const pinned = mine.map((pin) => pin.sha256);
    expect(JSON.parse(run.stdout)).toEqual([...pinned, ...pinned]);
  });
});

describe('the pin table', () => {
  test('names what is installed for every machine in it', async () => {
    const { createHash } = await import('node:crypto');
    for (const pin of pins) {
      const bytes = readFileSync(join(MODULES, pin.installed));
      expect([pin.installed, createHash('sha256').update(bytes).digest('hex')]).toEqual([
        pin.installed,
        pin.sha256,
      ]);
    }
  });
});
