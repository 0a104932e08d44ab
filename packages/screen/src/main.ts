/**
 * `coldwire-screen`: judges intents against its own history and signs a verdict over those that are not unusual.
 * Spec: protocol-spec/12-screen.md.
 */
import '@coldwire/program/runtime.ts';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import {
  classify,
  defineProgram,
  EventLog,
  EXIT,
  Failure,
  makeOutput,
  openSecureDirectory,
  readRoleKey,
  runMain,
} from '@coldwire/program';
import { createEd25519Signer, fromHex, toHex } from '@coldwire/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openDenyList } from './io/deny-list.ts';
import { openHistory } from './io/history.ts';
import { serveJson } from './io/json-server.ts';
import { MAX_QUESTION_BYTES } from './question.ts';
import { readRoster } from './roster.ts';
import { handleRequest } from './server.ts';
import { DEFAULTS, type Settings } from './settings.ts';
import { describeScreen, formatScreen, keepStatus } from './status.ts';

const ABOUT =
  'Anomaly detection: judges withdrawal intents against its own history and signs a verdict over those that are not unusual. ' +
  'Signers pay nothing that no screen of the charter has cleared; any one of several screens suffices.';

const EXITS = `
What is held stays held until an operator releases it (coldwire-screen release), and is listed by coldwire-screen held.
Exit codes: 0 done, 1 bug, 2 usage, 3 there is nothing to release, 4 a file is not what it must be, 5 environment, 6 disk.`;

interface RunOptions {
  readonly charter: readonly string[];
  readonly key: string;
  readonly state: string;
  readonly listen: string;
  readonly deny?: string;
  readonly amountFloor: bigint;
  readonly amountSpread: number;
  readonly amountHistory: number;
  readonly burstCount: number;
  readonly burstSeconds: number;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

function parseSats(text: string): bigint {
  if (!/^\d{1,16}$/.test(text)) throw new InvalidArgumentError('It must be an amount in sat.');
  return BigInt(text);
}

function parseId(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError('It must be 32 hexadecimal digits.');
  return fromHex(text);
}

const seconds = (): number => Math.floor(Date.now() / 1000);

const events = new EventLog();

/** One line per event on stderr, for a log collector; what a client can cause is bounded and counted. */
function log(event: string, fields: { readonly [key: string]: string | number | null }): void {
  events.often(event, '', fields);
}

function logError(error: unknown): void {
  const failure = classify(error);
  const stack = failure?.exit === EXIT.BUG && error instanceof Error ? (error.stack ?? '') : '';
  log('error', {
    what: failure?.what ?? '',
    where: failure?.where ?? null,
    todo: failure?.todo ?? '',
    stack,
  });
}

async function run(options: RunOptions): Promise<void> {
  const signer = createEd25519Signer(readRoleKey(options.key, 'screen').identity);
  const files = options.charter.map((path) => new Uint8Array(readFileSync(path)));
  const roll = readRoster(files, signer.publicKey);
  if (!roll.ok) {
    const todo = 'Name the first charter and every later one, oldest first; the newest lists this screen.';
    throw new Failure(EXIT.BAD_INPUT, { what: roll.problem, where: options.charter.join(', '), todo });
  }
  const roster = roll.value;
  const settings: Settings = options;
  const { isDenied } = openDenyList(options.deny);
  const directory = openSecureDirectory(options.state);
  const history = openHistory(directory, seconds);
  const screen = { judge: { roster, settings, history, isDenied }, signer };
  const server = await serveJson({
    listen: options.listen,
    maxBodyBytes: MAX_QUESTION_BYTES,
    handle: (request) => handleRequest(screen, request),
    onError: logError,
  });
  keepStatus(directory, roster.screen, (code, detail) => log('alarm', { code, detail }));
  const stop = (): void => {
    void server.close().then(() => history.close());
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  log('ready', { pid: process.pid, screen: roster.screen, port: server.port, charter: toHex(roster.first) });
}

function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}

function addRun(program: Command): void {
  program
    .command('run')
    .description('answer questions on the loopback interface until SIGTERM or SIGINT')
    .requiredOption(
      '--charter <file>',
      'charter.cbor, signed by every custodian; given again for each later charter, oldest first',
      collect,
    )
    .requiredOption('--key <file>', "this screen's key file (coldwire-charter key screen)")
    .requiredOption('--state <dir>', 'where its history is kept')
    .requiredOption('--listen <host:port>', '127.0.0.1:PORT; port 0 takes a free one')
    .option(
      '--deny <file>',
      'deny list: one address or hexadecimal script per line; read again when it changes',
    )
    .addOption(
      new Option('--amount-floor <sat>', 'an amount up to this is never unusual')
        .argParser(parseSats)
        .default(DEFAULTS.amountFloor, `${DEFAULTS.amountFloor}`),
    )
    .option(
      '--amount-spread <n>',
      'spreads above the usual amount that are usual',
      parseCount,
      DEFAULTS.amountSpread,
    )
    .option(
      '--amount-history <n>',
      'withdrawals before there is a usual amount',
      parseCount,
      DEFAULTS.amountHistory,
    )
    .option('--burst-count <n>', 'withdrawals of a requester in a span', parseCount, DEFAULTS.burstCount)
    .option('--burst-seconds <n>', 'length of that span', parseCount, DEFAULTS.burstSeconds)
    .option('--json', 'errors as JSON lines (the log on stderr always is)')
    .action(run);
}

interface HeldOptions {
  readonly state: string;
  readonly json?: true;
}

function addHeld(program: Command): void {
  program
    .command('held')
    .description('list the intents that are held')
    .requiredOption('--state <dir>', "the screen's state directory")
    .option('--json', 'one JSON line')
    .action(({ state, json }: HeldOptions) => {
      const history = openHistory(openSecureDirectory(state), seconds);
      const held = history.listHeld();
      history.close();
      const rows = held.map((row) => ({ ...row, id: toHex(row.id) }));
      makeOutput(json === true).answer({ held: rows }, () =>
        rows.length === 0
          ? 'Nothing is held.'
          : rows
              .map(
                (row) =>
                  `${row.id}  ${row.amount} sat  ${row.address}  ${row.requester}  ${row.codes.join(' ')}`,
              )
              .join('\n'),
      );
    });
}

function addRelease(program: Command): void {
  program
    .command('release')
    .description('let a held intent pass; the screen may be running')
    .argument('<intent-id>', '32 hexadecimal digits', parseId)
    .requiredOption('--state <dir>', "the screen's state directory")
    .requiredOption('--reason <text>', 'who decided, and why; kept in the history')
    .option('--json', 'one JSON line')
    .action((id: Uint8Array, { state, reason, json }: HeldOptions & { readonly reason: string }) => {
      const history = openHistory(openSecureDirectory(state), seconds);
      const result = history.release(id, reason);
      history.close();
      if (result === 'unknown' || result === 'not-held') {
        const what =
          result === 'unknown' ? 'this screen has never seen the intent' : 'the intent is not held';
        const todo = 'coldwire-screen held lists what is.';
        throw new Failure(EXIT.REFUSED, { what, where: toHex(id), todo });
      }
      makeOutput(json === true).answer({ intent: toHex(id), result }, () => `${toHex(id)}: ${result}`);
    });
}

function addStatus(program: Command): void {
  program
    .command('status')
    .description('say whether it runs, since when, and how much it holds; exit code 6 when it does not run')
    .requiredOption('--state <dir>', "the screen's state directory")
    .option('--json', 'one JSON line')
    .action(({ state, json }: HeldOptions) => {
      const directory = openSecureDirectory(state);
      const history = openHistory(directory, seconds);
      const held = history.listHeld().length;
      history.close();
      const status = describeScreen(directory, held);
      makeOutput(json === true).answer(status, () => formatScreen(status));
      process.exitCode = status['running'] === true ? EXIT.DONE : EXIT.IO;
    });
}

runMain(async () => {
  const program = defineProgram('coldwire-screen', ABOUT).addHelpText('after', EXITS);
  addRun(program);
  addHeld(program);
  addRelease(program);
  addStatus(program);
  await program.parseAsync(process.argv);
  return process.exitCode === EXIT.IO ? EXIT.IO : EXIT.DONE;
}, 'coldwire-screen');
