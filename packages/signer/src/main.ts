/**
 * `coldwire-signer`: one of the three offline signers, and its local console.
 * Makes no network system call, ever; see SECURITY.md for what it trusts.
 */
import '@coldwire/program/runtime.ts';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { LINE_FLAGS, type LineFlags, readLineFlags } from '@coldwire/channel';
import { findArchivable, ownerOf } from '@coldwire/evidence';
import { defineProgram, EXIT, Failure, makeOutput, openSecureDirectory, runMain } from '@coldwire/program';
import type { Command } from 'commander';
import { areReadable } from './core/snapshot.ts';
import { loadNatives } from './io/native.ts';
import { applyWaivers, formatVerdict, judgeRefusedNatives, stateOf, type Verdict } from './io/preflight.ts';
import { type Answer, askConsole, type Command as ConsoleCommand } from './run/console.ts';
import { formatStatus } from './run/format-status.ts';
import { checkMachine, runSigner } from './run/run.ts';
import { CEREMONY_MS } from './run/unseal.ts';

const ABOUT =
  'An offline signer: holds one of three keys in locked memory, signs what the charter allows, talks over one serial line.';
const EXITS = `
Exit codes: 0 done, 1 bug, 2 usage, 3 policy refusal, 4 bad input, 5 environment, 6 input/output.
SIGUSR2 locks: keys are zeroized, the process and its line stay, requests are answered LOCKED.
Unsealing: coldwire-custody unseal … | coldwire-signer run --key-fd 0 …, or later, into the running signer:
  coldwire-signer unseal --state DIR    (waits; meanwhile: coldwire-custody unseal … > DIR/key)`;

function readNumber(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new Failure(EXIT.USAGE, {
    what: `${flag} must be a whole number`,
    todo: 'See coldwire-signer run --help.',
  });
}

interface RunFlags extends LineFlags {
  readonly charter: string;
  readonly state: string;
  readonly signer?: string;
  readonly vault?: string;
  readonly keyFd?: string;
  readonly joins?: true;
  readonly waive: readonly string[];
}

function addLineFlags(command: Command): Command {
  for (const [flags, text, fallback] of LINE_FLAGS) command.option(flags, text, fallback);
  return command;
}

function addRun(program: Command): void {
  addLineFlags(program.command('run'))
    .description('start the signer; it says {"event":"ready",…} on stderr when it serves its line')
    .requiredOption('--charter <file>', 'charter.cbor, signed by all custodians')
    .requiredOption('--state <dir>', 'its own directory: evidence log and console')
    .option(
      '--signer <name>',
      'which signer of the charter this machine is (default: as its state or its key block says)',
    )
    .option('--vault <name>', 'which vault is at the other end (default: the charter’s first)')
    .option('--key-fd <n>', 'file descriptor to read the key block from; without it the signer starts locked')
    .option(
      '--joins',
      'a later charter gives this signer a new link key: until it is in force here nothing is signed',
    )
    .option('--waive <item>', 'accept a failed preflight item, by name; may be given again', collect, [])
    .action((flags: RunFlags) =>
      runSigner({
        line: readLineFlags(flags),
        charter: flags.charter,
        state: flags.state,
        signer: flags.signer,
        vault: flags.vault,
        joins: flags.joins === true,
        keyFd: flags.keyFd === undefined ? undefined : readNumber(flags.keyFd, '--key-fd'),
        waivers: flags.waive,
      }),
    );
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}

interface ConsoleFlags {
  readonly state: string;
  readonly json?: true;
}

const CONSOLE: readonly (readonly [ConsoleCommand, string, number])[] = [
  ['status', 'say how the signer is: locked or not, who can unseal it, what it signed last', 5_000],
  ['lock', 'zeroize the keys; the process and its line stay', 5_000],
  ['unseal', 'wait for a ceremony to write the key block into DIR/key', CEREMONY_MS + 5_000],
  ['freeze', 'stop signing for a bounded time; it lapses by itself', 5_000],
];

function addConsole(program: Command): void {
  for (const [name, description, timeout] of CONSOLE) {
    program
      .command(name)
      .description(description)
      .requiredOption('--state <dir>', 'the directory that the signer was started with')
      .option('--json', 'one JSON line')
      .action(async (flags: ConsoleFlags) => {
        const output = makeOutput(flags.json === true);
        if (name === 'unseal')
          output.progress(`Waiting. Now run: coldwire-custody unseal … > ${flags.state}/key`);
        const answer = await askConsole(flags.state, name, timeout);
        if (typeof answer['error'] === 'string') {
          throw new Failure(EXIT.REFUSED, {
            what: answer['error'],
            where: flags.state,
            todo: 'Read the signer’s own log for the details.',
          });
        }
        output.answer(answer, () => describeAnswer(answer));
      });
  }
}

function addArchive(program: Command): void {
  program
    .command('archive')
    .description(
      'list the log’s files that no start needs any more: move them to another disk, auditors need them',
    )
    .requiredOption('--state <dir>', 'the signer’s directory')
    .option('--json', 'one JSON line')
    .action(({ state, json }: ConsoleFlags) => {
      const owner = ownerOf(state);
      const files = owner === undefined ? [] : findArchivable(state, owner, areReadable);
      makeOutput(json === true).answer({ files: [...files] }, () =>
        files.length === 0 ? 'None yet: a signer keeps what its last two snapshots need.' : files.join('\n'),
      );
    });
}

function addOrder(program: Command): void {
  program
    .command('order')
    .description('carry out orders of custodians at the machine itself: no vault can keep them away')
    .argument('<file...>', 'orders as coldwire-custody order made them, signed')
    .requiredOption('--state <dir>', 'the directory that the signer was started with')
    .option('--json', 'one JSON line')
    .action(async (files: readonly string[], flags: ConsoleFlags) => {
      for (const file of files) {
        const answer = await askConsole(flags.state, 'order', 5_000, new Uint8Array(readFileSync(file)));
        const { codes, error } = answer;
        if (Array.isArray(codes) || typeof error === 'string') {
          const [code] = Array.isArray(codes) ? codes : [];
          throw new Failure(EXIT.REFUSED, {
            ...(typeof code === 'string' ? { code } : {}),
            what: `the signer does not carry it out: ${Array.isArray(codes) ? codes.join(', ') : String(error)}`,
            where: file,
            todo: 'protocol-spec/codes.json says for each code what to do.',
          });
        }
        makeOutput(flags.json === true).answer({ file, ...answer }, () => `${file}: carried out`);
      }
    });
}

function describeAnswer(answer: Answer): string {
  if ('blockers' in answer) return formatStatus(answer);
  return Object.entries(answer)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n');
}

function addCheck(program: Command): void {
  addLineFlags(program.command('check'))
    .description('judge this machine as run would: every preflight item, with its fix')
    .requiredOption('--state <dir>', 'the signer’s directory')
    .option('--waive <item>', 'as for run', collect, [])
    .option('--json', 'one JSON line')
    .action((flags: LineFlags & ConsoleFlags & { readonly waive: readonly string[] }) => {
      const state = openSecureDirectory(flags.state);
      const line =
        flags.port === undefined && flags.fifo === undefined
          ? { kind: 'stdio' as const }
          : readLineFlags(flags);
      const verdict = checkOrRefuse({ line, state, waivers: flags.waive });
      makeOutput(flags.json === true).answer(
        {
          ready: verdict.refused.length === 0,
          refused: verdict.refused.map(({ name }) => name),
          checks: verdict.checks.map((check) => ({ ...check, state: stateOf(verdict, check) })),
        },
        () => `${formatVerdict(verdict)}${summarize(verdict)}`,
      );
      process.exitCode = verdict.refused.length === 0 ? EXIT.DONE : EXIT.ENVIRONMENT;
    });
}

/** Native files that are not the pinned ones are a finding here, not the end of the report. */
function checkOrRefuse(options: Parameters<typeof checkMachine>[1]): Verdict {
  try {
    return checkMachine(loadNatives(), options);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'PREFLIGHT') throw error;
    return applyWaivers(judgeRefusedNatives(error), options.waivers);
  }
}

function summarize({ refused, waived }: Verdict): string {
  if (refused.length === 0) return `ready for keys${waived.length === 0 ? '' : `, ${waived.length} waived`}`;
  return `NOT READY: ${refused.map(({ name }) => name).join(', ')}. Type the fixes above and check again.`;
}

runMain(async () => {
  const program = defineProgram('coldwire-signer', ABOUT).addHelpText('after', EXITS);
  addRun(program);
  addConsole(program);
  addOrder(program);
  addArchive(program);
  addCheck(program);
  await program.parseAsync(process.argv);
  const { exitCode } = process;
  return exitCode === EXIT.ENVIRONMENT ? EXIT.ENVIRONMENT : EXIT.DONE;
}, 'coldwire-signer');
