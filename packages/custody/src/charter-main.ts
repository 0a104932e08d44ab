/**
 * `coldwire-charter`: builds, signs, shows and verifies the one document that every machine runs under.
 * Spec: protocol-spec/5-charter.md.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
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
import { describeDiff, diffCharters, diffJson } from './charter/diff.ts';
import { EXAMPLE } from './charter/example.ts';
import { findOpen, readChain, readCharterFile } from './charter/file.ts';
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
    .option('--after <file>', 'the newest charter that the machines have, when this one follows it')
    .option('--json', 'one JSON line')
    .action((file: string, options: { out: string; after?: string } & Json) => {
      const before = options.after === undefined ? undefined : readCharterFile(options.after).loaded;
      const bytes = buildCharter(
        file,
        before && { epoch: before.charter.epoch, hash: before.hash, first: before.first },
      );
      writeFileAtomic(options.out, bytes, 0o644);
      const { loaded } = readCharterFile(options.out);
      output(options).answer({ file: options.out, hash: toHex(loaded.hash) }, () =>
        before === undefined
          ? `${options.out}: hash ${readableHash(loaded.hash)}\nNext: every custodian reads it (coldwire-charter show) and signs it.`
          : `${options.out}: hash ${readableHash(loaded.hash)}\n${describeDiff(diffCharters(before, loaded))}\nNext: ${before.charter.quorum} custodians of epoch ${before.charter.epoch} read it (show, diff) and sign it (sign --after).`,
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
    .option('--after <file>', 'the charter before it, whose custodians sign; not for the first')
    .option('--json', 'one JSON line')
    .action((file: string, options: { as: string; key: string; after?: string } & Json) => {
      const { signed, loaded } = readCharterFile(file);
      const chain = options.after === undefined ? [] : [readCharterFile(options.after)];
      if ((loaded.charter.first === null) !== (chain.length === 0)) {
        throw new Failure(EXIT.USAGE, {
          what:
            chain.length === 0
              ? 'it follows another charter, whose custodians sign it'
              : 'it is a first charter',
          where: file,
          todo: chain.length === 0 ? 'Name that charter: --after FILE.' : 'Leave --after out.',
        });
      }
      const electors = (chain[0]?.loaded ?? loaded).charter.custodians;
      const custodian = electors.find(({ name }) => name === options.as);
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
      const missing = findOpen({ signed: [signed[0], signatures], loaded }, chain);
      output(options).answer({ hash: toHex(loaded.hash), complete: missing.length === 0, missing }, () =>
        missing.length === 0 ? 'Enough custodians have signed.' : `Still open: ${missing.join('; ')}.`,
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
    .description('check a charter and all its signatures; a later one with the whole chain before it')
    .argument('<files...>', 'charter.cbor; or every charter, the first one first')
    .option('--json', 'one JSON line')
    .action((files: readonly string[], options: Json) => {
      const chain = readChain(files);
      const last = chain.at(-1)?.loaded;
      if (last === undefined) throw new Error('commander let no file pass');
      const { epoch } = last.charter;
      const by = epoch === chain[0]?.loaded.charter.epoch ? 'all custodians' : 'a quorum of those before it';
      output(options).answer(
        { hash: toHex(last.hash), epoch, valid: true },
        () => `Valid, signed by ${by}. Epoch ${epoch}, hash ${readableHash(last.hash)}`,
      );
    });
}

function addDiff(program: Command): void {
  program
    .command('diff')
    .description('say in words what a later charter changes, which way, and when each change applies')
    .argument('<old>', 'the charter in force')
    .argument('<new>', 'the one that is to follow it')
    .option('--json', 'one JSON line')
    .action((old: string, now: string, options: Json) => {
      const diff = diffCharters(readCharterFile(old).loaded, readCharterFile(now).loaded);
      output(options).answer(diffJson(diff), () => describeDiff(diff));
    });
}

function addRehearse(program: Command): void {
  program
    .command('rehearse')
    .description(
      'judge recorded requests once more under a proposed charter, and say which verdicts would differ',
    )
    .argument('<directories...>', 'state directories of signers, or directories above them')
    .requiredOption('--charter <file>', 'the proposed charter; it need not be signed')
    .option(
      '--first <file>',
      'the first charter (default: charter.cbor in a named directory or one or two above)',
    )
    .option('--json', 'one JSON line')
    .action(async (paths: readonly string[], options: { charter: string; first?: string } & Json) => {
      // Loaded for this one command: none of the others has anything to do with logs.
      const { findCharter, rehearsalJson, rehearsalText, rehearse } = await import('@coldwire/audit');
      const out = output(options);
      const first = options.first ?? findCharter(paths);
      const rehearsal = rehearse(paths, first, options.charter, (line) => out.progress(line));
      out.answer(rehearsalJson(rehearsal), () => rehearsalText(rehearsal));
    });
}

runMain(async () => {
  const program = defineProgram('coldwire-charter', ABOUT).addHelpText('after', EXITS);
  for (const add of [addExample, addKey, addBuild, addSign, addShow, addVerify, addDiff, addRehearse])
    add(program);
  await program.parseAsync(process.argv);
}, 'coldwire-charter');
