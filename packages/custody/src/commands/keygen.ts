/** `coldwire-custody keygen`: makes a signer's keys on an offline machine and seals them for three custodians. */
import { makeOutput } from '@coldwire/program';
import { NETWORKS, type NetworkName } from '@coldwire/protocol/charter/charter.ts';
import { type Command, Option } from 'commander';
import { type PreflightItem, runPreflight } from '../io/preflight.ts';
import { drawRandom } from '../io/random.ts';
import { unwrap } from '../outcome.ts';
import { type CustodianRecipient, createSigner } from '../seal-key.ts';
import { writeSealed } from './ceremony-files.ts';
import { assertPeople, collectCustodian, waiveOption } from './options.ts';

type KeygenOptions = {
  readonly network: NetworkName;
  readonly signer: string;
  readonly out: string;
  readonly custodian: readonly CustodianRecipient[];
  readonly waive: readonly PreflightItem[];
  readonly json?: true;
};

const HELP = `
Run it once for each signer, on a machine without network, with all three custodians present.
It writes into DIR:
  key.age            the signer's keys; only two shares together open it. Goes to the signer's machine, with copies.
  share-NAME.age     NAME's share, which only NAME's identity opens. Each custodian takes the own one and keeps it apart.
  public.json        nothing secret: keys and hashes for the charter.
Then each custodian runs coldwire-custody verify, before the ceremony ends. No secret is printed or stored in the open.

Example:
  coldwire-custody keygen --network mainnet --signer A --out /media/A \\
    --custodian first=age1… --custodian second=age1… --custodian third=age1…`;

export function addKeygen(program: Command): void {
  program
    .command('keygen')
    .description("Make one signer's keys and seal them for three custodians, any two of whom can open them.")
    .addOption(new Option('--network <name>', 'Bitcoin network.').choices(NETWORKS).makeOptionMandatory())
    .requiredOption('--signer <name>', 'Name of the signer in the charter: A, B or C.')
    .requiredOption('--out <dir>', 'New or empty directory; nothing is ever overwritten.')
    .requiredOption(
      '--custodian <name=recipient>',
      'A custodian and its age recipient; give three.',
      collectCustodian,
    )
    .addOption(waiveOption())
    .option('--json', 'Answer in one line of JSON.')
    .addHelpText('after', HELP)
    .action(runKeygen);
}

async function runKeygen(options: KeygenOptions): Promise<void> {
  const output = makeOutput(options.json === true);
  runPreflight(options.waive, output.progress);
  const { network, signer, custodian: custodians } = options;
  assertPeople(signer, custodians);
  const sealed = await createSigner({ network, signer, custodians }, drawRandom);
  writeSealed(options.out, unwrap(sealed), output);
}
