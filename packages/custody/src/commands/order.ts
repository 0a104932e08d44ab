/** `coldwire-custody order`: freeze, end a freeze, take a signer back; each an order that custodians sign. */
import { readFileSync } from 'node:fs';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure, makeOutput, readRoleKey, writeFileAtomic } from '@coldwire/program';
import { createEd25519Signer, encode, fromHex, Order, type OrderKind, toHex } from '@coldwire/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { readCharterFile } from '../charter/file.ts';
import { writeNewFile } from '../io/files.ts';
import { drawRandom } from '../io/random.ts';
import { describeOrder, judgeOrderFile, readOrderFile, signOrder } from '../order.ts';

const HELP = `
The order goes to the signers through the vault (coldwire-vault order FILE… --state DIR) or by hand at the machine
(coldwire-signer order FILE… --state DIR): no vault can keep it away. One custodian freezes for the charter's time; a second
one's order at the same time freezes until a quorum ends it. unfreeze and restore take the charter's quorum: the first makes
the file, the others add their signatures with coldwire-custody order sign.

Example (signer A lost its memory; its status names the start, any block explorer the height):
  coldwire-signer status --state /var/lib/coldwire-signer
  coldwire-custody order restore --charter charter.cbor --signer A --start 5f0c… --height 912345 --as ada --key ada.key --out a.order
  coldwire-custody order sign a.order --charter charter.cbor --as ben --key ben.key
  coldwire-signer order a.order --state /var/lib/coldwire-signer`;

/** Blocks that an order is good for, unless it says otherwise: about a day. */
const LIFE = 144;

interface Common {
  readonly charter: string;
  readonly as: string;
  readonly key: string;
  readonly json?: true;
}

interface MakeFlags extends Common {
  readonly out: string;
  readonly height: number;
  readonly life: number;
  readonly signer?: string;
  readonly start?: Uint8Array;
}

function parseHeight(text: string): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 0xffffffff)
    throw new InvalidArgumentError('It must be a block height.');
  return value;
}

function parseStart(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError('It must be 32 hexadecimal digits.');
  return fromHex(text);
}

function addCommon(command: Command): Command {
  return command
    .requiredOption('--charter <file>', 'The charter in force.')
    .requiredOption('--as <name>', 'The custodian’s name in the charter.')
    .requiredOption('--key <file>', 'The custodian’s key file (coldwire-charter key custodian).')
    .option('--json', 'Answer in one line of JSON.');
}

function addMake(program: Command, kind: OrderKind, description: string): void {
  const command = addCommon(program.command(kind).description(description))
    .requiredOption('--out <file>', 'New file for the order.')
    .requiredOption('--height <n>', 'Height of the chain now.', parseHeight)
    .option('--life <blocks>', 'How long signers take it.', parseHeight, LIFE);
  if (kind === 'restore') {
    command
      .requiredOption('--signer <name>', 'The signer that lost its memory.')
      .requiredOption('--start <hex>', 'Which start of it: "start" in coldwire-signer status.', parseStart);
  } else command.option('--signer <name>', 'One signer only.');
  command.addHelpText('after', HELP).action((flags: MakeFlags) => make(kind, flags));
}

function make(kind: OrderKind, flags: MakeFlags): void {
  const { loaded } = readCharterFile(flags.charter);
  const { signer, start, height, life, out } = flags;
  if (signer !== undefined && !loaded.charter.signers.some(({ name }) => name === signer)) {
    throw new Failure(EXIT.USAGE, {
      what: `the charter has no signer "${signer}"`,
      todo: `Its signers are: ${loaded.charter.signers.map(({ name }) => name).join(', ')}.`,
    });
  }
  const order = encode(Order, {
    kind,
    first: loaded.first,
    signer: signer ?? null,
    id: start ?? drawRandom(16),
    expires: Math.min(height + life, 0xffffffff),
    ...(kind === 'restore' ? { height } : {}),
  });
  writeNewFile(out, sign(loaded, order, [], flags));
  report(loaded, out, flags);
}

function sign(
  loaded: CharterInForce,
  order: Uint8Array,
  signatures: Parameters<typeof signOrder>[2],
  { as: name, key }: Common,
): Uint8Array {
  return signOrder(
    loaded,
    order,
    signatures,
    name,
    createEd25519Signer(readRoleKey(key, 'custodian').identity),
  );
}

function report(loaded: CharterInForce, path: string, { json }: Pick<Common, 'json'>): void {
  const file = readOrderFile(new Uint8Array(readFileSync(path)), path);
  const { signed, bad, missing } = judgeOrderFile(loaded, file);
  const { kind, signer, expires } = file.order;
  const of = { file: path, kind, signer, id: toHex(file.order.id), expires };
  makeOutput(json === true).answer({ ...of, signed: [...signed], bad: [...bad], missing }, () =>
    [
      describeOrder(file.order),
      `Signed by ${signed.join(', ') || 'nobody'}.`,
      ...(bad.length === 0 ? [] : [`Not good: ${bad.join(', ')}.`]),
      missing === 0
        ? 'It can go to the signers.'
        : `${missing} more must sign: coldwire-custody order sign ${path} …`,
    ].join('\n'),
  );
}

function addSign(program: Command): void {
  addCommon(program.command('sign').description('Add one custodian’s signature to an order.'))
    .argument('<file>', 'The order.')
    .addHelpText('after', HELP)
    .action((path: string, flags: Common) => {
      const { loaded } = readCharterFile(flags.charter);
      const { signed } = readOrderFile(new Uint8Array(readFileSync(path)), path);
      writeFileAtomic(path, sign(loaded, signed[0], signed[1], flags), 0o600);
      report(loaded, path, flags);
    });
}

function addShow(program: Command): void {
  program
    .command('show')
    .description('Say what an order says, and who has signed it.')
    .argument('<file>', 'The order.')
    .requiredOption('--charter <file>', 'The charter in force.')
    .option('--json', 'Answer in one line of JSON.')
    .action((path: string, flags: Pick<Common, 'charter' | 'json'>) =>
      report(readCharterFile(flags.charter).loaded, path, flags),
    );
}

export function addOrder(program: Command): void {
  const order = program
    .command('order')
    .description('Make and sign an order: freeze, unfreeze, restore.')
    .addHelpText('after', HELP);
  addMake(
    order,
    'freeze',
    'Stop signing for a bounded time; with a second custodian’s, until a quorum ends it.',
  );
  addMake(order, 'unfreeze', 'End every freeze; takes the charter’s quorum.');
  addMake(order, 'restore', 'Take a signer back that lost its memory; takes the charter’s quorum.');
  addSign(order);
  addShow(order);
}
