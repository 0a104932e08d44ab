// Runs coldwire-custody as operators do: by its launcher, under a shell, with pipes. Node's own pipes would be sockets.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launcher } from '../../../test/world/programs.ts';

export const LAUNCHER = launcher('custody');
export const MAIN = fileURLToPath(new URL('../src/custody-main.ts', import.meta.url));

export type Run = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type Table = {
  /** The directory on whose "table" the ceremony's files lie. */
  readonly directory: string;
  path(name: string): string;
  remove(): void;
};

export function layTable(): Table {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-custody-'));
  return {
    directory,
    path: (name) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Only what a login gives, and a temporary directory that tests can search. */
function environment({ directory }: Table): NodeJS.ProcessEnv {
  const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH, HOME: directory, TMPDIR: directory };
}

/**
 * Runs a shell script in the table's directory; `custody` in it is the program. Core files off, as
 * an operator does; a session of its own, so that nobody can be asked at a terminal.
 */
export function runShell(table: Table, script: string, input = ''): Run {
  const prelude = `ulimit -c 0; custody() { '${LAUNCHER}' "$@"; }\n`;
  const { status, stdout, stderr, error } = spawnSync('setsid', ['-w', '/bin/sh', '-c', prelude + script], {
    cwd: table.directory,
    env: environment(table),
    input,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return { status: status ?? -1, stdout, stderr };
}

/** Runs one `unseal` into a pipe. `stdout` is what came out of the pipe, in hex; the status is that of `unseal`. */
export function runUnseal(table: Table, options: string): Run {
  const run = runShell(
    table,
    `{ custody unseal ${options}; echo $? > unseal.status; } | od -An -v -tx1 | tr -d ' \\n'`,
  );
  return { ...run, status: Number(readFileSync(table.path('unseal.status'), 'latin1')) };
}

/** Makes identities alice, bob, carol, … and returns `--custodian` options for them. */
export function makeIdentities(table: Table, ...names: readonly string[]): string {
  return names
    .map((name) => {
      const { status, stdout, stderr } = runShell(table, `custody identity --out ${name}.id`);
      if (status !== 0) throw new Error(stderr);
      return `--custodian ${name}=${stdout.trim()}`;
    })
    .join(' ');
}
