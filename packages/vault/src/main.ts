/** `coldwire-vault`: the online side. Holds no spend key; everything that it sends to signers and gates they judge anew. */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { defineProgram, runMain } from '@coldwire/program';
import { addClient } from './client/commands.ts';
import { addOneshot } from './oneshot/commands.ts';
import { addServe } from './serve/command.ts';

const ABOUT =
  'The online vault: takes signed withdrawal intents, has them screened, drafts, drives signers and gates, broadcasts and settles.';
const EXITS = `
Exit codes: 0 done, 1 bug, 2 usage, 3 policy refusal (its codes are on stderr), 4 bad input, 5 environment, 6 input/output.
Without a database, each step a filter:
  coldwire-vault coins … > coins.jsonl
  coldwire-vault draft … | coldwire-vault sign … | coldwire-vault clear …  → raw transaction in hexadecimal`;

runMain(async () => {
  const program = defineProgram('coldwire-vault', ABOUT).addHelpText('after', EXITS);
  addServe(program);
  addClient(program);
  addOneshot(program);
  await program.parseAsync(process.argv);
}, 'coldwire-vault');
