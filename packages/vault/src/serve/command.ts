/** The `serve` command: its flags come from the one list of settings. */
import process from 'node:process';
import type { Command } from 'commander';
import { serve } from './serve.ts';
import { type Flags, flagOf, OPTIONS, resolveSettings } from './settings.ts';

const HELP = `
Each setting is taken from the flag, else from the environment (COLDWIRE_CHARTER, COLDWIRE_GATE_RETRY …; lists separated by
spaces), else from the TOML file (charter, gate_retry …; lists as lists), else its default. Passwords are in files only:
chain_user and chain_password may stand in a TOML file that nobody else may read.
It logs JSON lines on stderr; the first {"event":"ready",…} says that it serves. Alarms carry a code of codes.json.
It may be killed at any moment: started again with the same --state it goes on where it was.

Example:
  coldwire-vault serve --charter charter.cbor --key vault-1.key --state vault --chain http://127.0.0.1:8332 \\
    --chain-cookie ~/.bitcoin/.cookie --signer A=/dev/ttyUSB0 --signer B=/dev/ttyUSB1 --signer C=/dev/ttyUSB2 \\
    --gate gate-1=/dev/ttyUSB3 --gate gate-2=/dev/ttyUSB4 --screen http://127.0.0.1:8630`;

export function addServe(program: Command): void {
  const command = program.command('serve').description('run the vault until SIGTERM or SIGINT');
  for (const { name, argument, text, list, fallback, secret } of OPTIONS) {
    if (secret === true) continue;
    const flag = `${flagOf(name)} <${argument}>`;
    const described = fallback === undefined ? text : `${text} (default: ${fallback})`;
    if (list === true) command.option(flag, described, collect, []);
    else command.option(flag, described);
  }
  command
    .option('--config <file>', 'TOML file with the same settings')
    .option('--json', 'errors as JSON lines (the log on stderr always is)')
    .addHelpText('after', HELP)
    .action((flags: Flags) => serve(resolveSettings(flags, process.env)));
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}
