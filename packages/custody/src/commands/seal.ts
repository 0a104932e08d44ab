/** `coldwire-custody seal`: seals an opened key to a new epoch; the first half of re-sharing. */
import { makeOutput } from '@coldwire/program';
import { KEY_BLOCK_SIZE } from '@coldwire/protocol/key-block/layout.ts';
import type { Command } from 'commander';
import { assertPipe, readToEnd } from '../io/descriptors.ts';
import { type PreflightItem, runPreflight } from '../io/preflight.ts';
import { drawRandom } from '../io/random.ts';
import { unwrap } from '../outcome.ts';
import { type CustodianRecipient, sealKey } from '../seal-key.ts';
import { writeSealed } from './ceremony-files.ts';
import { assertPeople, collectCustodian, parseDescriptor, waiveOption } from './options.ts';
import { readRecord } from './sources.ts';

type SealOptions = {
  readonly blockFd: number;
  readonly public: string;
  readonly out: string;
  readonly custodian: readonly CustodianRecipient[];
  readonly waive: readonly PreflightItem[];
  readonly json?: true;
};

const HELP = `
Use it to replace a custodian, or when a share may have been seen. It makes a fresh secret and fresh shares, epoch e+1,
in a new directory. The old epoch still opens: keep it until every custodian has run verify on the new share and the
charter names the new epoch. Only then destroy the old key.age everywhere, and the old shares with it.

Example, with first and second opening, and fourth in place of third:
  coldwire-custody unseal --key A1/key.age --public A1/public.json \\
    --share first/share-first.age --identity first/identity --share second/share-second.age --identity second/identity \\
  | coldwire-custody seal --public A1/public.json --out A2 \\
    --custodian first=age1… --custodian second=age1… --custodian fourth=age1…`;

export function addSeal(program: Command): void {
  program
    .command('seal')
    .description('Seal an opened key to a new epoch of shares, for the same custodians or others.')
    .option('--block-fd <n>', 'Pipe from which the key block comes.', parseDescriptor, 0)
    .requiredOption(
      '--public <file>',
      'public.json of the epoch that was opened; it says whose key it must be.',
    )
    .requiredOption('--out <dir>', 'New or empty directory for the new epoch; nothing is ever overwritten.')
    .requiredOption(
      '--custodian <name=recipient>',
      'A custodian and its age recipient; give three.',
      collectCustodian,
    )
    .addOption(waiveOption())
    .option('--json', 'Answer in one line of JSON.')
    .addHelpText('after', HELP)
    .action(runSeal);
}

async function runSeal(options: SealOptions): Promise<void> {
  const output = makeOutput(options.json === true);
  runPreflight(options.waive, output.progress);
  assertPipe(options.blockFd, '--block-fd');
  const record = readRecord(options.public);
  assertPeople(record.signer, options.custodian);
  const block = readToEnd(options.blockFd, KEY_BLOCK_SIZE, 'the key block');
  try {
    const sealed = unwrap(await sealKey(block, record, options.custodian, drawRandom));
    writeSealed(options.out, sealed, output);
  } finally {
    block.fill(0);
  }
}
