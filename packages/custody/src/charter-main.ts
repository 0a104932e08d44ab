/**
 * `coldwire-charter`: builds, signs, shows and verifies the one document that every machine runs under.
 * Spec: protocol-spec/5-charter.md.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { verifyCharterSignatures } from '@coldwire/policy';
import {
  createRoleKey,
  defineProgram,
  EXIT,
  Failure,
  makeOutput,
  type Output,
  ROLES,
  readRoleKey,
  runMain,
  writeFileAtomic,
} from '@coldwire/program';
import { createEd25519Signer, encode, SignedCharter, toHex } from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { Argument, type Command } from 'commander';
import { buildCharter } from './charter/build.ts';
import { EXAMPLE } from './charter/example.ts';
import { readCharterFile } from './charter/file.ts';
import { charterJson, describeCharter, readableHash } from './charter/show.ts';

const ABOUT =
  'The charter: network, wallet, everybody’s public keys, limits. All custodians sign the first; people compare its hash at each machine.';
const EXITS = `
Exit codes: 0 done, 1 bug, 2 usage, 3 the charter is not (wholly) signed, 4 a file is not what it must be, 6 disk.`;

interface Json {
  readonly json?: true;
}
const output = ({ json }: Json): Output => makeOutput(json === true);

function addExample(program: Command): void {
  program
    .command('example')
    .description('print a charter with every key explained')
    .action(() => {
      process.stdout.write(EXAMPLE);
    });
}

function addKey(program: Command): void {
  program
    .command('key')
    .description('make the key file of a vault, gate, screen, requester or custodian; prints its public keys')
    .addArgument(new Argument('<role>', 'whose key').choices(ROLES))
    .requiredOption('--out <file>', 'new file, readable by its owner only')
    .option('--json', 'one JSON line')
    .action((text: string, options: { out: string } & Json) => {
      const role = ROLES.find((known) => known === text);
      if (role === undefined) throw new Error(`commander let the role ${text} pass`);
      const key = createRoleKey(options.out, role);
      const publicKey = toHex(createEd25519Signer(key.identity).publicKey);
      const sealKey = key.seal === undefined ? null : toHex(gatePublicKey(key.seal));
      output(options).answer({ role, key: publicKey, sealKey }, () =>
        [`key = "${publicKey}"`, ...(sealKey === null ? [] : [`seal_key = "${sealKey}"`])].join('\n'),
      );
    });
}

function addBuild(program: Command): void {
  program
    .command('build')
    .description('make charter.cbor, still unsigned, from the TOML that people edit')
    .argument('<file>', 'charter.toml')
    .requiredOption('--out <file>', 'where to write charter.cbor')
    .option('--previous <file>', 'the charter in force, when this one succeeds it')
    .option('--json', 'one JSON line')
    .action((file: string, options: { out: string; previous?: string } & Json) => {
      const before = options.previous === undefined ? undefined : readCharterFile(options.previous).loaded;
      const bytes = buildCharter(
        file,
        before && { epoch: before.charter.epoch, hash: before.hash, first: before.first },
      );
      writeFileAtomic(options.out, bytes, 0o644);
      const { loaded } = readCharterFile(options.out);
      output(options).answer(
        { file: options.out, hash: toHex(loaded.hash) },
        () =>
          `${options.out}: hash ${readableHash(loaded.hash)}\nNext: every custodian reads it (coldwire-charter show) and signs it.`,
      );
    });
}

function addSign(program: Command): void {
  program
    .command('sign')
    .description('add one custodian’s signature')
    .argument('<file>', 'charter.cbor')
    .requiredOption('--as <name>', 'the custodian’s name in the charter')
    .requiredOption('--key <file>', 'the custodian’s key file')
    .option('--json', 'one JSON line')
    .action((file: string, options: { as: string; key: string } & Json) => {
      const { signed, loaded } = readCharterFile(file);
      const custodian = loaded.charter.custodians.find(({ name }) => name === options.as);
      const signer = createEd25519Signer(readRoleKey(options.key, 'custodian').identity);
      if (custodian === undefined || toHex(custodian.key) !== toHex(signer.publicKey)) {
        throw new Failure(EXIT.BAD_INPUT, {
          what: `the charter has no custodian "${options.as}" with this key`,
          where: options.key,
          todo: 'Check name and key file; coldwire-charter show lists the custodians.',
        });
      }
      const others = signed[1].filter(([name]) => name !== options.as);
      const signatures = [...others, [options.as, signer.sign(loaded.hash)] as const];
      writeFileAtomic(file, encode(SignedCharter, [signed[0], signatures]), 0o644);
      const missing = verifyCharterSignatures([signed[0], signatures], loaded);
      output(options).answer({ hash: toHex(loaded.hash), complete: missing.length === 0, missing }, () =>
        missing.length === 0 ? 'All custodians have signed.' : `Still open: ${missing.join('; ')}.`,
      );
    });
}

function addShow(program: Command): void {
  program
    .command('show')
    .description('say in words what a charter says, with the hash that people compare')
    .argument('<file>', 'charter.cbor')
    .option('--json', 'one JSON line')
    .action((file: string, options: Json) => {
      const { signed, loaded } = readCharterFile(file);
      const signedBy = signed[1].map(([name]) => name);
      output(options).answer(charterJson(loaded, signedBy), () => describeCharter(loaded, signedBy));
    });
}

function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check a charter and all its signatures')
    .argument('<file>', 'charter.cbor')
    .option('--json', 'one JSON line')
    .action((file: string, options: Json) => {
      const { signed, loaded } = readCharterFile(file);
      const problems = verifyCharterSignatures(signed, loaded);
      if (problems.length > 0) {
        throw new Failure(EXIT.REFUSED, {
          what: `the charter is not in force: ${problems.join('; ')}`,
          where: file,
          todo: 'Have the missing custodians sign it: coldwire-charter sign.',
        });
      }
      output(options).answer(
        { hash: toHex(loaded.hash), valid: true },
        () => `In force, signed by all custodians. Hash ${readableHash(loaded.hash)}`,
      );
    });
}

runMain(async () => {
  const program = defineProgram('coldwire-charter', ABOUT).addHelpText('after', EXITS);
  for (const add of [addExample, addKey, addBuild, addSign, addShow, addVerify]) add(program);
  await program.parseAsync(process.argv);
}, 'coldwire-charter');
