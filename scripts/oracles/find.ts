/**
 * The independent programs that tests compare with. Each is optional on a user's machine and required in CI.
 * Found, never assumed: a program by its place on PATH, a Python package by importing it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export interface Oracle {
  readonly name: string;
  /** What is not shown without it. */
  readonly proves: string;
  readonly install: string;
  readonly present: boolean;
}

/** The Python of the environment that install-python.sh makes. */
export const ORACLE_PYTHON = fileURLToPath(new URL('../../.cache/oracles/bin/python', import.meta.url));

/** Absolute path of a program on PATH or in Go's bin directory; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), join(homedir(), 'go/bin')];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasPython(module: string): boolean {
  if (!existsSync(ORACLE_PYTHON)) return false;
  return spawnSync(ORACLE_PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

const PROGRAMS: readonly (readonly [name: string, proves: string, install: string])[] = [
  ['strace', 'that a signer makes no network system call', 'apt-get install strace'],
  [
    'systemd-analyze',
    'that the units are understood and expose little',
    'apt-get install systemd linux-libc-dev',
  ],
  ['socat', 'the link over a second kind of pseudo-terminal', 'apt-get install socat'],
  ['age', 'that key files open with the reference tool', 'apt-get install age'],
  ['electrum', 'addresses against another wallet', 'apt-get install electrum'],
  ['btcd', 'the journey and the chain client on a full node', 'scripts/oracles/install-btcd.sh'],
];

const PYTHON: readonly (readonly [module: string, proves: string])[] = [
  ['shamir_mnemonic', 'SLIP-39 shares against the reference implementation'],
  ['pbk', 'scripts against the consensus code of Bitcoin Core'],
  ['pycddl', 'the CDDL against the schemas, by another program'],
  ['bdkpython', 'descriptors against BDK'],
  ['hwilib', 'PSBTs against the hardware wallet interface'],
];

export function findOracles(): readonly Oracle[] {
  const programs = PROGRAMS.map(([name, proves, install]) => ({
    name,
    proves,
    install,
    present: findProgram(name) !== undefined,
  }));
  const modules = PYTHON.map(([module, proves]) => ({
    name: `python ${module}`,
    proves,
    install: 'scripts/oracles/install-python.sh',
    present: hasPython(module),
  }));
  return [...programs, ...modules];
}
