/** `coldwire-custody verify`: a custodian sees that the own share is the one that the charter names. */
import { makeOutput } from '@coldwire/program';
import type { Command } from 'commander';
import { type PreflightItem, runPreflight } from '../io/preflight.ts';
import { judgeShare } from '../judge-share.ts';
import { unwrap } from '../outcome.ts';
import { collectSource, identityOption, parseDescriptor, waiveOption } from './options.ts';
import { readIdentities, readRecord, readShare } from './sources.ts';

type VerifyOptions = {
  readonly share: string;
  readonly public: string;
  readonly identity: readonly string[];
  readonly passphraseFd?: number;
  readonly waive: readonly PreflightItem[];
  readonly json?: true;
};

const HELP = `
Run it after keygen or seal, and in every drill. It opens the share, checks words and hash, and prints the hash; the
share itself is not shown. Exit code 0 means that this share, with any other, opens the signer's key file.

Example:
  coldwire-custody verify --share share-first.age --identity first.identity --public public.json`;

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('Check that a share opens and is the one that public.json names, without showing it.')
    .requiredOption(
      '--share <source>',
      'share-NAME.age, fd:N, or - to type it.',
      (text) => collectSource(text)[0],
    )
    .requiredOption('--public <file>', "The signer's public.json.")
    .addOption(identityOption())
    .option('--passphrase-fd <n>', "Read the identity's passphrase here.", parseDescriptor)
    .addOption(waiveOption())
    .option('--json', 'Answer in one line of JSON.')
    .addHelpText('after', HELP)
    .action(runVerify);
}

async function runVerify(options: VerifyOptions): Promise<void> {
  const output = makeOutput(options.json === true);
  runPreflight(options.waive, output.progress);
  const record = readRecord(options.public);
  const identities = await readIdentities(options.identity, options.passphraseFd);
  const offered = unwrap(await readShare(options.share, 1, identities));
  const { custodian, hash } = unwrap(judgeShare(offered, record));
  const { signer, epoch } = record;
  output.answer({ signer, epoch, custodian, hash }, () =>
    [`This is ${custodian}'s share of signer ${signer}, epoch ${epoch}. It is good.`, `Hash ${hash}`].join(
      '\n',
    ),
  );
}
