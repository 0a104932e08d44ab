/**
 * The runbook: every code names a procedure, every procedure is somebody's and says what to type, every command that it names
 * exists, and RUNBOOK.md is what codes.json makes of it today.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Code, makeRunbook, type Procedure } from '../runbook/make.ts';
import { type Finding, ROOT, readFiles, readSpec } from './texts.ts';

export const RUNBOOK = 'protocol-spec/RUNBOOK.md';
const PAGES = 'scripts/runbook/pages.md';

/** Programs of the system that a procedure may name; `journalctl` and `systemctl` on machines with systemd only. */
const SYSTEM = [
  ...['bitcoin-cli', 'cat', 'cp', 'date', 'df', 'du', 'journalctl', 'ls', 'sha256sum', 'stty', 'systemctl'],
  'tail',
];
/** Programs of which a command is a word after their name, and where their commands stand. */
const COMMANDS: Readonly<Record<string, RegExp>> = {
  'coldwire-signer': /^packages\/signer\/src\/(main|run\/console-lines)\.ts$/,
  'coldwire-gate': /^packages\/gate\/src\/main\.ts$/,
  'coldwire-vault': /^packages\/vault\/src\/(client|oneshot|serve)\/.*\.ts$/,
  'coldwire-screen': /^packages\/screen\/src\/.*\.ts$/,
  'coldwire-custody': /^packages\/custody\/src\/(commands\/.*|custody-main)\.ts$/,
  'coldwire-charter': /^packages\/custody\/src\/(charter-main|charter\/.*|commands\/.*)\.ts$/,
  'coldwire-audit': /^packages\/audit\/src\/main\.ts$/,
};

function isProcedure(value: unknown): value is Procedure {
  if (typeof value !== 'object' || value === null) return false;
  const { name, who, run, after }: Record<string, unknown> = { ...value };
  const texts = [name, who, after].every((text) => typeof text === 'string' && text !== '');
  return texts && Array.isArray(run) && run.length > 0 && run.every((line) => typeof line === 'string');
}

export function readProcedures(): readonly Procedure[] {
  const file: unknown = JSON.parse(readSpec('codes.json'));
  const rows: unknown =
    typeof file === 'object' && file !== null && 'procedures' in file ? file.procedures : undefined;
  if (!Array.isArray(rows) || !rows.every(isProcedure))
    throw new Error('protocol-spec/codes.json: a procedure lacks name, who, run or after');
  return rows;
}

function readRows(): readonly Code[] {
  const file: { readonly codes: readonly Code[] } = JSON.parse(readSpec('codes.json'));
  return file.codes;
}

export function currentRunbook(): string {
  return makeRunbook(readRows(), readProcedures(), readFileSync(join(ROOT, PAGES), 'utf8'));
}

/** What is wrong with a line that an operator is told to type, or undefined. */
export function judgeCommand(line: string): string | undefined {
  const [program = '', word = ''] = line.split(' ');
  const sources = COMMANDS[program];
  if (sources === undefined)
    return SYSTEM.includes(program) ? undefined : `${program} is no program that is known here`;
  const [, part = ''] = program.split('-');
  const directory = part === 'charter' ? 'custody' : part;
  const known = readFiles(`packages/${directory}`, sources).some(
    ({ text }) => text.includes(`'${word}'`) || text.includes(`'${word} <`),
  );
  return known ? undefined : `${program} has no command ${word}`;
}

export function checkRunbook(): readonly Finding[] {
  const procedures = readProcedures();
  const rows = readRows();
  const names = procedures.map(({ name }) => name);
  const lost = rows
    .filter((row) => !names.includes(row.do))
    .map(({ code }) => `codes.json: ${code} names no procedure ("do": one of ${names.join(', ')})`);
  const unused = names
    .filter((name) => !rows.some((row) => row.do === name))
    .map((name) => `codes.json: no code names the procedure ${name}`);
  const pages = readFileSync(join(ROOT, PAGES), 'utf8');
  const typed = [
    ...procedures.flatMap(({ run }) => run),
    ...[...pages.matchAll(/`((?:coldwire-[a-z]+|systemctl|journalctl|bitcoin-cli|df|cp) [^`]+)`/g)].map(
      ([, line = '']) => line,
    ),
  ];
  const wrong = typed.flatMap((line) => judgeCommand(line) ?? []);
  const path = join(ROOT, RUNBOOK);
  const written = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const stale = written === currentRunbook() ? [] : [`${RUNBOOK} is not current: node scripts/runbook.ts`];
  return [
    { what: 'codes, each with a procedure', count: rows.length, problems: [...lost, ...unused] },
    { what: 'commands that the runbook says to type', count: typed.length, problems: [...new Set(wrong)] },
    { what: 'runbook, made of the codes as they are', count: procedures.length, problems: stale },
  ];
}
