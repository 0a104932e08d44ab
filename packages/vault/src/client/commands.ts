/**
 * `coldwire-vault submit`, `intent`, `register`, `approve`, `status` and `address`: the requester's, the approvers' and the
 * operator's side of the HTTP API.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { EXIT, escapeJson, Failure, makeOutput, toJsonLine } from '@coldwire/program';
import { fromHex, type SignedIntent } from '@coldwire/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type ApiResult,
  approveAtVault,
  listCharters,
  readVaultStatus,
  readVaultWithdrawal,
  registerAtVault,
  requestAddress,
  submitCharter,
  submitToVault,
} from '../api/index.ts';
import { openCharters } from '../serve/open-charter.ts';
import { readApprovals } from './approval.ts';
import { formatStatus } from './format-status.ts';
import { makeIntent, readIntents } from './intent.ts';
import { makeRegistration } from './registration.ts';

const DEFAULT_URL = 'http://127.0.0.1:8620';
const DEFAULT_LIFE = 100;

interface Common {
  readonly vault: string;
  readonly json?: true;
}

const CHARTERS = 'charter.cbor; given again for each later charter, oldest first';
const addPath = (path: string, before: readonly string[] = []): readonly string[] => [...before, path];

interface IntentFlags {
  readonly charter?: readonly string[];
  readonly requesterKey?: string;
  readonly requester?: string;
  readonly to?: string;
  readonly amount?: bigint;
  readonly expires: number;
  readonly id?: Uint8Array;
}

function parseSats(text: string): bigint {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('It must be an amount in sat.');
  return BigInt(text);
}

function parseBlocks(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number of blocks.');
  return Number(text);
}

function parseId(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError('It must be 32 hexadecimal digits.');
  return fromHex(text);
}

function addIntentFlags(command: Command): Command {
  return command
    .option('--charter <file>', CHARTERS, addPath)
    .option('--requester-key <file>', "the requester's key file (coldwire-charter key requester)")
    .option('--requester <name>', 'its name in the charter')
    .option('--to <address>', 'destination')
    .option('--amount <sat>', 'in satoshi', parseSats)
    .option('--expires <blocks>', 'blocks that the intent lives', parseBlocks, DEFAULT_LIFE)
    .option(
      '--id <hex>',
      'its id; drawn when absent, and then never submit twice what may have arrived',
      parseId,
    );
}

/** The result's value. @throws Failure (policy refusal) with the vault's code */
function unwrap(result: ApiResult, where: string): unknown {
  if (result.kind === 'done') return result.value;
  const [code] = result.codes;
  throw new Failure(result.status >= 500 ? EXIT.IO : EXIT.REFUSED, {
    ...(code === undefined ? {} : { code }),
    what: `${result.detail} (${result.codes.join(', ')})`,
    where,
    todo: 'protocol-spec/codes.json says for each code what to do.',
  });
}

function show(json: true | undefined, value: unknown): void {
  const lines = JSON.stringify(value, undefined, json === true ? undefined : 2).split('\n');
  process.stdout.write(`${lines.map(escapeJson).join('\n')}\n`);
}

async function heightOf(url: string): Promise<number> {
  const status = unwrap(await readVaultStatus(url), url);
  const tip = typeof status === 'object' && status !== null && 'tip' in status ? status.tip : undefined;
  if (typeof tip === 'number') return tip;
  throw new Failure(EXIT.IO, {
    what: 'the vault names no tip',
    where: url,
    todo: 'Wait until it follows its node.',
  });
}

function fromFlags(flags: IntentFlags, height: number): SignedIntent {
  const { charter, requesterKey, requester, to: address, amount, expires: life, id } = flags;
  if (
    charter === undefined ||
    requesterKey === undefined ||
    requester === undefined ||
    address === undefined ||
    amount === undefined
  ) {
    throw new Failure(EXIT.USAGE, {
      what: 'an intent needs --charter, --requester-key, --requester, --to and --amount',
      todo: 'Give all five, or --intent FILE.',
    });
  }
  const wish = {
    requesterKey,
    requester,
    address,
    amount,
    height,
    life,
    ...(id === undefined ? {} : { id }),
  };
  return makeIntent(wish, openCharters(charter));
}

function addSubmit(program: Command): void {
  addIntentFlags(program.command('submit'))
    .description('submit signed intents; repeating one is harmless')
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .option('--intent <file>', 'signed intents, one JSON object a line; - for standard input')
    .option('--json', 'one JSON line each')
    .action(async (flags: Common & IntentFlags & { readonly intent?: string }) => {
      const { vault, intent, json } = flags;
      const intents =
        intent === undefined ? [fromFlags(flags, await heightOf(vault))] : await readIntents(intent);
      for (const signed of intents) show(json, unwrap(await submitToVault(vault, signed), vault));
    });
}

function addApprove(program: Command): void {
  program
    .command('approve')
    .description('hand in approvals, as coldwire-custody approve wrote them; repeating one is harmless')
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .requiredOption('--approval <file>', 'approvals, one JSON object a line; - for standard input')
    .option('--json', 'one JSON line each')
    .action(async ({ vault, approval: file, json }: Common & { readonly approval: string }) => {
      const approvals = await readApprovals(file);
      for (const approval of approvals) show(json, unwrap(await approveAtVault(vault, approval), vault));
    });
}

type RegisterFlags = Common & {
  readonly charter: readonly string[];
  readonly requesterKey: string;
  readonly requester: string;
  readonly to: string;
};

function addRegister(program: Command): void {
  program
    .command('register')
    .description(
      "register a destination with every signer; the charter's delay runs from when each is shown it",
    )
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .requiredOption('--charter <file>', CHARTERS, addPath)
    .requiredOption('--requester-key <file>', "the requester's key file (coldwire-charter key requester)")
    .requiredOption('--requester <name>', 'its name in the charter')
    .requiredOption('--to <address>', 'destination')
    .option('--json', 'one JSON line')
    .action(async ({ vault, charter, requesterKey, requester, to: address, json }: RegisterFlags) => {
      const made = makeRegistration({ requesterKey, requester, address }, openCharters(charter));
      show(json, unwrap(await registerAtVault(vault, made), vault));
    });
}

function addIntent(program: Command): void {
  addIntentFlags(program.command('intent'))
    .description(
      'make and sign an intent without submitting it: one JSON line for submit --intent or draft --intents',
    )
    .requiredOption('--height <n>', 'height of the chain now', (text) => Number(text))
    .option('--json', 'errors as JSON')
    .action((flags: IntentFlags & { readonly height: number }) => {
      const [intent, signature] = fromFlags(flags, flags.height);
      process.stdout.write(`${toJsonLine({ intent, signature })}\n`);
    });
}

export function addClient(program: Command): void {
  addSubmit(program);
  addIntent(program);
  addApprove(program);
  addRegister(program);
  program
    .command('status')
    .description('the queue in numbers, or one withdrawal with its history')
    .argument('[id]', "a withdrawal's intent id", parseId)
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .option('--json', 'one JSON line')
    .action(async (id: Uint8Array | undefined, { vault, json }: Common) => {
      if (id !== undefined) return show(json, unwrap(await readVaultWithdrawal(vault, id), vault));
      const status = unwrap(await readVaultStatus(vault), vault);
      if (json === true) return show(json, status);
      makeOutput(false).answer(null, () => formatStatus(status));
    });
  program
    .command('charter')
    .description(
      'hand in a later charter, which the vault carries to every machine; without a file: how far each has come',
    )
    .argument('[file]', 'charter.cbor, signed by a quorum of the custodians in force')
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .option('--json', 'one JSON line')
    .action(async (file: string | undefined, { vault, json }: Common) => {
      const result =
        file === undefined
          ? await listCharters(vault)
          : await submitCharter(vault, new Uint8Array(readFileSync(file)));
      show(json, unwrap(result, vault));
    });
  program
    .command('address')
    .description('a fresh receiving address')
    .option('--vault <url>', "the vault's API", DEFAULT_URL)
    .option('--json', 'one JSON line')
    .action(async ({ vault, json }: Common) => {
      const value = unwrap(await requestAddress(vault), vault);
      const address =
        typeof value === 'object' && value !== null && 'address' in value ? value.address : undefined;
      if (json === true || typeof address !== 'string') show(json, value);
      else makeOutput(false).answer(null, () => address);
    });
}
