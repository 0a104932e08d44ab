/**
 * `coldwire-custody`: key files and shares. Every secret of a signer is made here, sealed here and opened here, in
 * processes that live for seconds on a machine without network. Spec: protocol-spec/8-custody.md.
 */
import '@coldwire/program/runtime.ts';
import { defineProgram, runMain } from '@coldwire/program';
import { addApprove } from './commands/approve.ts';
import { addIdentity } from './commands/identity.ts';
import { addKeygen } from './commands/keygen.ts';
import { addOrder } from './commands/order.ts';
import { addSeal } from './commands/seal.ts';
import { addUnseal } from './commands/unseal.ts';
import { addVerify } from './commands/verify.ts';

const ABOUT =
  "Makes, seals and opens signers' keys. Any two of a signer's three custodians can open its key; one alone cannot.";
const EXITS = `
Exit codes: 0 done, 1 bug, 2 usage, 4 a file, share or identity is not what it must be, 5 the machine is not fit,
6 a disk or pipe failed. Secrets are never options: give files, descriptors (fd:N) or type them (-).
Recovery without this program: protocol-spec/8-custody.md, "Recovery".`;

runMain(async () => {
  const program = defineProgram('coldwire-custody', ABOUT).addHelpText('after', EXITS);
  for (const add of [addIdentity, addKeygen, addVerify, addUnseal, addSeal, addOrder, addApprove])
    add(program);
  await program.parseAsync(process.argv);
}, 'coldwire-custody');
