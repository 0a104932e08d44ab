/** `coldwire-custody unseal`: two custodians open a signer's key file, straight into a pipe. */
import { EXIT, Failure, makeOutput, type Output } from '@coldwire/program';
import type { Command } from 'commander';
import type { AgeIdentity } from '../age-file.ts';
import { assertPipe, writeAndClose } from '../io/descriptors.ts';
import { readSource } from '../io/files.ts';
import { type PreflightItem, runPreflight } from '../io/preflight.ts';
import { checkKeyFile, type OpenedKey, openKey, type SealedKeyFile } from '../open-key.ts';
import { type Problem, unwrap } from '../outcome.ts';
import type { PublicRecord } from '../public-record.ts';
import type { OfferedShare } from '../share-file.ts';
import { collectSource, identityOption, parseDescriptor, waiveOption } from './options.ts';
import { readIdentities, readRecord, readShare } from './sources.ts';

type UnsealOptions = {
  readonly key: string;
  readonly public: string;
  readonly share: readonly string[];
  readonly identity: readonly string[];
  readonly passphraseFd?: number;
  readonly outFd: number;
  readonly waive: readonly PreflightItem[];
  readonly json?: true;
};

const HELP = `
Any two of the signer's three custodians are enough; nobody's absence stops it. A bad share is named by its custodian.
A share is one of
  share-NAME.age   opened with NAME's identity (--identity; a passphrase is asked for if the file has one)
  fd:N             the same, or open words, from a pipe; for hardware keys: age -d -i KEY share-NAME.age
  -                typed or pasted at the terminal, not shown
The key goes into a pipe only, never to a terminal, a file or a socket.

Example:
  coldwire-custody unseal --key key.age --public public.json \\
    --share share-first.age --identity first.identity --share - \\
  | coldwire-signer run --key-fd 0 …`;

export function addUnseal(program: Command): void {
  program
    .command('unseal')
    .description('Open a key file with the shares of two custodians, into the pipe that a signer reads.')
    .requiredOption('--key <file>', 'key.age of the signer.')
    .requiredOption('--public <file>', 'public.json of the same epoch.')
    .requiredOption('--share <source>', "A custodian's share; give it twice.", collectSource)
    .addOption(identityOption())
    .option(
      '--passphrase-fd <n>',
      'Read passphrases here, one a line in the order of --identity.',
      parseDescriptor,
    )
    .option('--out-fd <n>', 'Pipe into which the key block goes.', parseDescriptor, 1)
    .addOption(waiveOption())
    .option('--json', 'Answer in one line of JSON; needs another --out-fd than 1.')
    .addHelpText('after', HELP)
    .action(runUnseal);
}

async function runUnseal(options: UnsealOptions): Promise<void> {
  const { outFd, json } = options;
  if (json === true && outFd === 1) {
    const what = 'with --json the answer goes to stdout, and so would the key';
    throw new Failure(EXIT.USAGE, {
      what,
      where: '--out-fd',
      todo: 'Give --out-fd 3 and connect descriptor 3.',
    });
  }
  // stdout is the key's way, so the answer goes to stderr.
  const output = makeOutput(json === true, outFd === 1 ? process.stderr : process.stdout);
  runPreflight(options.waive, output.progress);
  assertPipe(outFd, '--out-fd');
  const record = readRecord(options.public);
  const keyFile = { bytes: readSource(options.key), where: options.key };
  unwrap(checkKeyFile(keyFile, record));
  const identities = await readIdentities(options.identity, options.passphraseFd);
  const opened = await openOffered(options.share, identities, keyFile, record);
  try {
    writeAndClose(outFd, opened.block);
  } finally {
    opened.block.fill(0);
  }
  report(output, record, opened);
}

/** Reads every share that was named; one that cannot be read counts as a bad one, not as the end of the ceremony. */
async function openOffered(
  sources: readonly string[],
  identities: readonly AgeIdentity[],
  keyFile: SealedKeyFile,
  record: PublicRecord,
): Promise<OpenedKey> {
  const offered: OfferedShare[] = [];
  const unreadable: Problem[] = [];
  for (const [index, source] of sources.entries()) {
    const share = await readShare(source, index + 1, identities);
    if (share.ok) offered.push(share.value);
    else unreadable.push(share.problem);
  }
  return unwrap(await openKey(keyFile, record, offered, unreadable));
}

function report(output: Output, record: PublicRecord, opened: OpenedKey): void {
  const { signer, epoch } = record;
  const { custodians, rejected } = opened;
  for (const { what, where, todo } of rejected) output.progress(`BAD SHARE ${where}: ${what}. ${todo}`);
  const bad = rejected.map(({ what, where }) => ({ where, what }));
  output.answer({ signer, epoch, custodians, rejected: bad }, () => {
    return `Signer ${signer}, epoch ${epoch}: opened with the shares of ${custodians.join(' and ')}.`;
  });
}
