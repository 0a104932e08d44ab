/** `coldwire-gate`: the final check before anybody can broadcast. Makes no signature of an input and holds no spend key. */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { LINE_FLAGS, type LineFlags, readLineFlags } from '@coldwire/channel';
import { defineProgram, EXIT, makeOutput, runMain } from '@coldwire/program';
import { runGate } from './run/run.ts';
import { describeGate, formatGate } from './run/status.ts';

const ABOUT =
  'A gate: opens what two signers sealed, checks the transaction once more with other code, and releases the final bytes.';
const EXITS = `
Exit codes: 0 done, 1 bug, 2 usage, 4 bad input, 5 environment, 6 input/output.
A charter has two gates; each is the home of half of the intents, and stands in for the other after the charter's delay.`;

interface Flags extends LineFlags {
  readonly charter: string;
  readonly key: string;
  readonly state: string;
  readonly gate?: string;
  readonly vault?: string;
  readonly joins?: true;
}

runMain(async () => {
  const program = defineProgram('coldwire-gate', ABOUT).addHelpText('after', EXITS);
  const run = program.command('run');
  for (const [flags, text, fallback] of LINE_FLAGS) run.option(flags, text, fallback);
  run
    .description('start the gate; it says {"event":"ready",…} on stderr when it serves its line')
    .requiredOption('--charter <file>', 'charter.cbor, signed by all custodians')
    .requiredOption('--key <file>', 'this gate’s key file (coldwire-charter key gate)')
    .requiredOption('--state <dir>', 'its own directory: evidence log')
    .option('--gate <name>', 'which gate of the charter this machine is (default: the one with this key)')
    .option('--vault <name>', 'which vault is at the other end (default: the charter’s first)')
    .option('--joins', 'a later charter adds this gate: until it is in force here nothing is cleared')
    .action((flags: Flags) => {
      runGate({
        line: readLineFlags(flags),
        charter: flags.charter,
        key: flags.key,
        state: flags.state,
        gate: flags.gate,
        vault: flags.vault,
        joins: flags.joins === true,
      });
    });
  program
    .command('status')
    .description(
      'say whether it runs, who or what it waits for and since when; exit code 6 when it does not run',
    )
    .requiredOption('--state <dir>', 'the directory that the gate was started with')
    .option('--json', 'one JSON line')
    .action(({ state, json }: { readonly state: string; readonly json?: true }) => {
      const status = describeGate(state);
      makeOutput(json === true).answer(status, () => formatGate(status));
      process.exitCode = status['running'] === true ? EXIT.DONE : EXIT.IO;
    });
  await program.parseAsync(process.argv);
  return process.exitCode === EXIT.IO ? EXIT.IO : EXIT.DONE;
}, 'coldwire-gate');
