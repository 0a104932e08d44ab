/** `coldwire-vault witness` and `order`: what a signer wants after a start, and what custodians want of it. */
import { EXIT, Failure, makeOutput } from '@coldwire/program';
import type { Command } from 'commander';
import { openCharters, openIdentity } from '../serve/open-charter.ts';
import { CHARTER, collect, KEY, parseCount, STATE } from './options.ts';
import { bringOrders, layOrders } from './orders.ts';
import { namePorts } from './peers.ts';
import { witnessLines } from './witness.ts';

interface Flags {
  readonly charter: readonly string[];
  readonly key: string;
  readonly state: string;
  readonly port: readonly string[];
  readonly gate: readonly string[];
  readonly wait: number;
  readonly json?: true;
}

function addWitness(program: Command): void {
  program
    .command('witness')
    .description('after a signer’s start: ask gates what they have seen of it, and tell it')
    .addOption(CHARTER)
    .addOption(KEY)
    .addOption(STATE)
    .requiredOption('--port <name=tty>', 'line to a signer; may be given again', collect, [])
    .requiredOption('--gate <name=tty>', 'line to a gate; give all of the charter’s', collect, [])
    .option('--wait <seconds>', 'how long to wait for them to be there', parseCount, 30)
    .option('--json', 'one JSON line')
    .action(async ({ charter: file, key, state, port, gate, wait, json }: Flags) => {
      const charter = openCharters(file);
      const opening = { charter, identity: openIdentity(key, charter), state };
      const signers = namePorts(charter, 'signer', port);
      const gates = namePorts(charter, 'gate', gate);
      const brought = await witnessLines(opening, signers, gates, wait * 1000);
      makeOutput(json === true).answer(
        { witnessed: brought.map((row) => ({ ...row, gates: [...row.gates] })) },
        () =>
          brought
            .map(({ signer, gates: by }) => `${signer}: ${by.length === 0 ? 'asks for none' : by.join(', ')}`)
            .join('\n'),
      );
    });
}

interface OrderFlags extends Omit<Flags, 'charter' | 'key'> {
  readonly charter: readonly string[];
  readonly key?: string;
}

function addOrder(program: Command): void {
  program
    .command('order')
    .description('carry orders of custodians (coldwire-custody order) to the signers')
    .argument('<file...>', 'signed orders')
    .addOption(STATE)
    .option('--charter <file>', 'charter.cbor, and again each later one; with --port', collect, [])
    .option('--key <file>', "this vault's key file; with --port")
    .option(
      '--port <name=tty>',
      'line to a signer; without any, the vault that serves on --state carries them',
      collect,
      [],
    )
    .option('--wait <seconds>', 'how long to wait for a signer to be there', parseCount, 30)
    .option('--json', 'one JSON line')
    .action(async (files: readonly string[], { charter: file, key, state, port, wait, json }: OrderFlags) => {
      const output = makeOutput(json === true);
      if (port.length === 0) {
        const laid = layOrders(files, state);
        output.answer(
          { laid: [...laid] },
          () => 'The vault that serves on this state carries them; its log says what signers answer.',
        );
        return;
      }
      if (file.length === 0 || key === undefined) {
        throw new Failure(EXIT.USAGE, { what: '--port needs --charter and --key', todo: 'Give both.' });
      }
      const charter = openCharters(file);
      const opening = { charter, identity: openIdentity(key, charter), state };
      const answers = await bringOrders(files, opening, namePorts(charter, 'signer', port), wait * 1000);
      output.answer({ answers: answers.map((row) => ({ ...row, codes: [...row.codes] })) }, () =>
        answers
          .map(
            ({ signer, file: of, codes }) =>
              `${signer}: ${of} ${codes.length === 0 ? 'carried out' : codes.join(', ')}`,
          )
          .join('\n'),
      );
      const [refused] = answers.flatMap(({ codes }) => codes);
      if (refused !== undefined)
        throw new Failure(EXIT.REFUSED, {
          code: refused,
          what: 'an order was refused',
          todo: 'protocol-spec/codes.json says what to do.',
        });
    });
}

export function addMemory(program: Command): void {
  addWitness(program);
  addOrder(program);
}
