/**
 * Loads the two native files that hold and use secrets: libsecp256k1 and libsodium. By absolute path, after comparing
 * SHA-256 with native-pins.json. No search path, environment variable, build/Release or JavaScript fallback is looked
 * at: what is not the pinned file is refused and nothing else is tried. Spec: protocol-spec/7-key-block.md, "Memory".
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import {
  SECP256K1_FUNCTIONS,
  type Secp256k1,
  type Secp256k1File,
  SODIUM_FUNCTIONS,
  type Sodium,
} from './native-interface.ts';
import pins from './native-pins.json' with { type: 'json' };

export interface Natives {
  readonly secp256k1: Secp256k1;
  readonly sodium: Sodium;
  /** What was loaded, for the boot screen and `check`. */
  readonly files: readonly NativeFile[];
}

export interface NativeFile {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly sha256: string;
}

interface Pin {
  readonly name: string;
  readonly version: string;
  readonly machine: string;
  readonly installed: string;
  readonly bundled: string;
  readonly sha256: string;
}

/** Where the files lie: `bundled` is a directory with both side by side, `installed` a node_modules directory. */
export type NativeDirectory =
  | { readonly kind: 'bundled'; readonly path: string }
  | { readonly kind: 'installed'; readonly path: string };

/**
 * Loads both files.
 * @param directory default: beside this file if the files are there (a bundle), else the repository's node_modules
 * @throws Failure (PREFLIGHT) when a file is missing, differs from its pin, does not load or lacks a function
 */
export function loadNatives(directory: NativeDirectory = defaultDirectory()): Natives {
  const secp = verifyFile('secp256k1', directory);
  const sodiumFile = verifyFile('sodium-native', directory);
  const secp256k1 = openSecp256k1(secp);
  const sodium = openSodium(sodiumFile);
  return { secp256k1, sodium, files: [secp, sodiumFile] };
}

function defaultDirectory(): NativeDirectory {
  const here = dirname(fileURLToPath(import.meta.url));
  const bundled = pinFor('sodium-native').bundled;
  if (existsSync(join(here, bundled))) return { kind: 'bundled', path: here };
  return { kind: 'installed', path: join(here, '..', '..', '..', '..', 'node_modules') };
}

function refuse(what: string, where: string, cause?: unknown): Failure {
  const todo =
    'Install the release again and compare its hash, or rebuild the file from source and pin it as SECURITY.md says.';
  return new Failure(EXIT.ENVIRONMENT, { code: 'PREFLIGHT', what, where, todo, cause });
}

function pinFor(name: string): Pin {
  const machine = `${process.platform}-${process.arch}`;
  const pin = pins.find((candidate) => candidate.name === name && candidate.machine === machine);
  if (pin === undefined)
    throw refuse(`no native file of ${name} is pinned for this kind of machine`, machine);
  return pin;
}

function verifyFile(name: string, directory: NativeDirectory): NativeFile {
  const pin = pinFor(name);
  const path = join(directory.path, directory.kind === 'bundled' ? pin.bundled : pin.installed);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw refuse(`the native file of ${name} cannot be read`, path, error);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== pin.sha256) {
    throw refuse(
      `the native file of ${name} is not the pinned one: SHA-256 ${sha256}, want ${pin.sha256}`,
      path,
    );
  }
  return { name, version: pin.version, path, sha256 };
}

function openFile(file: NativeFile, holder: { exports: object }): void {
  try {
    process.dlopen(holder, file.path, constants.dlopen.RTLD_NOW);
  } catch (error) {
    throw refuse(`the native file of ${file.name} does not load`, file.path, error);
  }
}

function openSecp256k1(file: NativeFile): Secp256k1 {
  const holder: { exports: Partial<Secp256k1File> } = { exports: {} };
  openFile(file, holder);
  if (holder.exports.Secp256k1 === undefined) throw refuse('the native file exports no Secp256k1', file.path);
  const context = new holder.exports.Secp256k1();
  if (!SECP256K1_FUNCTIONS.every((name) => typeof context[name] === 'function')) {
    throw refuse('the native file lacks functions of libsecp256k1', file.path);
  }
  return context;
}

function openSodium(file: NativeFile): Sodium {
  const holder: { exports: Partial<Sodium> } = { exports: {} };
  openFile(file, holder);
  if (!isSodium(holder.exports)) throw refuse('the native file lacks functions of libsodium', file.path);
  return holder.exports;
}

function isSodium(exported: Partial<Sodium>): exported is Sodium {
  return SODIUM_FUNCTIONS.every((name) => typeof exported[name] === 'function');
}
