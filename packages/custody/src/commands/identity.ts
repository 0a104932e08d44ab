/** `coldwire-custody identity`: makes the age identity of one custodian. */
import { EXIT, Failure, makeOutput } from '@coldwire/program';
import type { Command } from 'commander';
import { makeIdentity } from '../identity.ts';
import { writeNewFile } from '../io/files.ts';
import { type PreflightItem, runPreflight } from '../io/preflight.ts';
import { parseDescriptor, waiveOption } from './options.ts';
import { makePassphraseReader } from './sources.ts';

type IdentityOptions = {
  readonly out: string;
  readonly passphraseFd?: number;
  readonly passphrase?: true;
  readonly waive: readonly PreflightItem[];
  readonly json?: true;
};

const HELP = `
Each custodian runs it once, on the own device, and hands the printed age1… to the ceremony. The file opens every share
that is made for it: keep it apart from the shares, on removable media. It is the same file that age-keygen makes, or
with a passphrase the one that age -p makes of it; a hardware key's age1tag1… recipient serves as well.

Example:
  coldwire-custody identity --passphrase --out first.identity`;

export function addIdentity(program: Command): void {
  program
    .command('identity')
    .description("Make a custodian's age identity and print its recipient.")
    .requiredOption('--out <file>', 'New file for the identity; nothing is ever overwritten.')
    .option('--passphrase', 'Protect the file with a passphrase that is asked for at the terminal.')
    .option('--passphrase-fd <n>', 'Protect the file with the passphrase that is read here.', parseDescriptor)
    .addOption(waiveOption())
    .option('--json', 'Answer in one line of JSON.')
    .addHelpText('after', HELP)
    .action(runIdentity);
}

async function runIdentity(options: IdentityOptions): Promise<void> {
  const output = makeOutput(options.json === true);
  runPreflight(options.waive, output.progress);
  const passphrase = await choosePassphrase(options);
  const { file, recipient } = await makeIdentity(passphrase);
  writeNewFile(options.out, file);
  file.fill(0);
  output.answer({ recipient, file: options.out, protected: passphrase !== null }, () => recipient);
}

async function choosePassphrase(options: IdentityOptions): Promise<string | null> {
  const { passphraseFd, passphrase } = options;
  if (passphraseFd === undefined && passphrase === undefined) return null;
  const ask = makePassphraseReader(passphraseFd);
  const first = await ask('New passphrase');
  assertLongEnough(first);
  if (passphraseFd === undefined) assertSame(first, await ask('The same once more'));
  return first;
}

/** Below this no work factor helps. */
const MIN_PASSPHRASE = 12;

function assertLongEnough(passphrase: string): void {
  if (passphrase.length >= MIN_PASSPHRASE) return;
  const what = `the passphrase has fewer than ${MIN_PASSPHRASE} characters`;
  throw new Failure(EXIT.BAD_INPUT, { code: 'KDF_WEAK', what, todo: 'Use five or more random words.' });
}

function assertSame(first: string, second: string): void {
  if (first === second) return;
  throw new Failure(EXIT.BAD_INPUT, { what: 'the two passphrases differ', todo: 'Start again.' });
}
