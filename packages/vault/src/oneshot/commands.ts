/** `coldwire-vault coins`, `draft`, `sign` and `clear`: the way of a withdrawal without a database, each step a filter. */
import { EXIT, Failure } from '@coldwire/program';
import type { Command } from 'commander';
import { connectCore } from '../chain/index.ts';
import { readApprovals } from '../client/approval.ts';
import { readIntents } from '../client/intent.ts';
import { nameScreens, openCharters, openIdentity, openScripts } from '../serve/open-charter.ts';
import { clearLines } from './clear.ts';
import { writeCoins } from './coins.ts';
import { writeDraft } from './draft.ts';
import { writeImported } from './import.ts';
import { readLines } from './lines.ts';
import { addMemory } from './memory-commands.ts';
import { CHARTER, collect, KEY, parseCount, STATE } from './options.ts';
import { namePorts } from './peers.ts';
import { signLines } from './sign.ts';

const PORTS = `
A port is NAME=TTY[@BAUD] or NAME=fifo:IN,OUT, with the name that the charter gives the machine: a message is made for one
recipient, so the name must be known before the first byte. Without names, ports are taken in the charter's order, and only
if there are exactly as many as the charter has of them.
A signer that has started wants the witness of every gate before it signs: sign --gate NAME=TTY brings it, or coldwire-vault
witness, once for each start.
Codes of a refusal are on stderr; the exit code is then 3. The evidence log is in --state, as serve keeps it.`;

const PIPE = `
Example (a requester's intents, one JSON line each, in intents.jsonl):
  coldwire-vault coins --charter charter.cbor --chain http://127.0.0.1:8332 --chain-cookie .cookie > coins.jsonl
  coldwire-vault draft --charter charter.cbor --coins coins.jsonl --intents intents.jsonl --screen http://127.0.0.1:8630 \\
  | coldwire-vault sign --charter charter.cbor --key vault-1.key --state vault --port A=/dev/ttyUSB0 --port B=/dev/ttyUSB1 \\
  | coldwire-vault clear --charter charter.cbor --key vault-1.key --state vault --port gate-1=/dev/ttyUSB3 > tx.hex
  bitcoin-cli sendrawtransaction "$(cat tx.hex)"
Under a later charter name them all, oldest first: --charter charter.cbor --charter charter-1.cbor
Instead of planning, draft takes over what another wallet drafted on the descriptor: draft --psbt spend.psbt --coins … --intents …`;

interface CoinsFlags {
  readonly charter: readonly string[];
  readonly chain: string;
  readonly chainCookie: string;
  readonly from?: number;
  readonly headersFrom?: number;
  readonly lookahead: number;
}

function addCoins(program: Command): void {
  program
    .command('coins')
    .description('read our confirmed coins from a node, with the proofs that signers want')
    .addOption(CHARTER)
    .requiredOption('--chain <url>', 'JSON-RPC of a Bitcoin node')
    .requiredOption('--chain-cookie <file>', "the node's cookie file, or one line USER:PASSWORD")
    .option('--from <height>', "first block to look at (default: after the charter's checkpoint)", parseCount)
    .option(
      '--headers-from <height>',
      "first header to write (default: after the charter's checkpoint)",
      parseCount,
    )
    .option('--lookahead <n>', 'addresses watched beyond the last one that was paid', parseCount, 100)
    .option('--json', 'errors as JSON')
    .addHelpText('after', PIPE)
    .action(async (flags: CoinsFlags) => {
      const charter = openCharters(flags.charter);
      const scripts = openScripts(charter);
      const chain = connectCore(flags.chain, { kind: 'cookie', file: flags.chainCookie });
      const { from, headersFrom, lookahead } = flags;
      await writeCoins({ charter, scripts, chain, from, headersFrom, lookahead });
    });
}

interface DraftFlags {
  readonly charter: readonly string[];
  readonly coins?: string;
  readonly psbt?: string;
  readonly intents: string;
  readonly approvals?: string;
  readonly screen: readonly string[];
  readonly feerate: number;
  readonly changeIndex?: number;
}

function addDraft(program: Command): void {
  program
    .command('draft')
    .description('plan one transaction for all given intents; the draft in words is on stderr')
    .addOption(CHARTER)
    .option('--coins <file>', 'what coldwire-vault coins wrote; - for standard input')
    .option(
      '--psbt <file>',
      'take what another wallet drafted on our descriptor (PSBT version 0, unsigned) instead of planning; ' +
        'without --coins the signers must know its coins already',
    )
    .requiredOption('--intents <file>', 'signed intents, {"intent": hex, "signature": hex} a line')
    .option('--approvals <file>', 'what coldwire-custody approve wrote, where amounts need approvals')
    .option(
      '--screen <url>',
      'a screen to ask for the verdict, URL or NAME=URL; signers refuse without',
      collect,
      [],
    )
    .option('--feerate <sat>', 'per 1,000 vB', parseCount, 5000)
    .option(
      '--change-index <n>',
      'where change goes (default: the first index that no block has paid)',
      parseCount,
    )
    .option('--json', 'errors as JSON')
    .addHelpText('after', PIPE)
    .action(async (flags: DraftFlags) => {
      const charter = openCharters(flags.charter);
      const { coins, psbt, intents, approvals, feerate, changeIndex } = flags;
      if ((coins === '-' && intents === '-') || (coins === undefined && psbt === undefined)) {
        throw new Failure(EXIT.USAGE, {
          what: coins === '-' ? 'standard input cannot be both' : 'neither --coins nor --psbt is given',
          todo: 'Give a file for one of them.',
        });
      }
      const parts = {
        charter,
        scripts: openScripts(charter),
        coins: coins === undefined ? [] : await readLines(coins),
        intents: await readIntents(intents),
        ...(approvals === undefined ? {} : { approvals: await readApprovals(approvals) }),
        screens: nameScreens(charter, flags.screen),
      };
      if (psbt !== undefined) await writeImported({ ...parts, psbt });
      else await writeDraft({ ...parts, feerate: BigInt(feerate), changeIndex });
    });
}

interface LineFlags {
  readonly charter: readonly string[];
  readonly key: string;
  readonly state: string;
  readonly port: readonly string[];
  readonly gate?: readonly string[];
  readonly wait: number;
}

function addLineCommand(program: Command, role: 'signer' | 'gate', description: string): void {
  const command = program.command(role === 'signer' ? 'sign' : 'clear');
  if (role === 'signer') {
    command.option(
      '--gate <name=tty>',
      'line to a gate, whose witness a signer wants after its start; give all of them',
      collect,
      [],
    );
  }
  command
    .description(description)
    .addOption(CHARTER)
    .addOption(KEY)
    .addOption(STATE)
    .requiredOption('--port <name=tty>', `line to a ${role}; may be given again`, collect, [])
    .option('--wait <seconds>', `how long to wait for a ${role} to be there`, parseCount, 30)
    .option('--json', 'errors as JSON')
    .addHelpText('after', `${PORTS}\n${PIPE}`)
    .action(async ({ charter: file, key, state, port, gate = [], wait }: LineFlags) => {
      const charter = openCharters(file);
      const opening = { charter, identity: openIdentity(key, charter), state };
      const ports = namePorts(charter, role, port);
      const lines = await readLines('-');
      if (role === 'signer') {
        const gates = gate.length === 0 ? [] : namePorts(charter, 'gate', gate);
        await signLines(lines, opening, ports, wait * 1000, gates);
      } else await clearLines(lines, { ...opening, scripts: openScripts(charter) }, ports, wait * 1000);
    });
}

export function addOneshot(program: Command): void {
  addMemory(program);
  addCoins(program);
  addDraft(program);
  addLineCommand(program, 'signer', 'have signers sign the draft on standard input');
  addLineCommand(
    program,
    'gate',
    'have a gate check it once more; the raw transaction is on standard output',
  );
}
