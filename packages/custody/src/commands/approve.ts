/**
 * `coldwire-custody approve`: what an approver signs, and what comes of the signature. Signing itself is OpenSSH's business:
 * the key never comes here. Spec: protocol-spec/15-approvals.md.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { type CharterInForce, findTier, verifyApproval, writeApproval } from '@coldwire/policy';
import { EXIT, escapeText, Failure, makeOutput } from '@coldwire/program';
import {
  APPROVAL_NAMESPACE,
  decodeIntent,
  equalBytes,
  fromHex,
  hashIntent,
  type Intent,
  readSshSignature,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { readCharterFile } from '../charter/file.ts';

type ApproveOptions = {
  readonly charter: string;
  readonly intent: string;
  readonly approver: string;
  readonly expires?: number;
  readonly signature?: string;
  readonly json?: true;
};

const HELP = `
The intent is the JSON line {"intent": hex, "signature": hex} that the requester signed; it is checked against the charter.
Without --signature the text is printed, and nothing else on stdout; read it, for it is all that a signature can mean. Sign it
with a key of the charter, in a file or in a security key that asks for a touch; with --signature the approval is printed,
one JSON line for coldwire-vault approve.

Example:
  coldwire-custody approve --charter charter.cbor --intent intent.json --approver ann > approval.txt
  ssh-keygen -Y sign -n ${APPROVAL_NAMESPACE} -f ~/.ssh/id_ed25519_sk approval.txt
  coldwire-custody approve --charter charter.cbor --intent intent.json --approver ann --signature approval.txt.sig \\
  | coldwire-vault approve --approval -`;

function parseHeight(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a block height.');
  return Number(text);
}

export function addApprove(program: Command): void {
  program
    .command('approve')
    .description('Print the text that an approver signs, or pack its signature for coldwire-vault approve.')
    .requiredOption('--charter <file>', 'charter.cbor')
    .requiredOption('--intent <file>', 'the signed intent, one JSON line')
    .requiredOption('--approver <name>', "the approver's name in the charter")
    .option('--expires <height>', "last block height at which it counts (default: the intent's)", parseHeight)
    .option('--signature <file>', 'what ssh-keygen -Y sign made of the text')
    .option('--json', 'Answer in one line of JSON.')
    .addHelpText('after', HELP)
    .action(runApprove);
}

function fail(what: string, where: string, todo: string): Failure {
  return new Failure(EXIT.BAD_INPUT, { what, where, todo });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function bytesOf(value: unknown, name: string): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return typeof text === 'string' && /^([0-9a-f]{2})+$/.test(text) ? fromHex(text) : undefined;
}

type Wanted = { readonly intent: Intent; readonly hash: Uint8Array };

/** @throws Failure unless a requester of the charter signed it */
function readIntent(file: string, { requesters, first }: CharterInForce): Wanted {
  const json = readJson(file);
  const [bytes, signature] = [bytesOf(json, 'intent'), bytesOf(json, 'signature')];
  const decoded = bytes === undefined ? undefined : decodeIntent(bytes);
  if (bytes === undefined || signature === undefined || decoded?.ok !== true)
    throw fail(
      'it is not {"intent": hex, "signature": hex}',
      file,
      'Ask the requester for the signed intent.',
    );
  const hash = hashIntent(first, bytes);
  const keys = requesters.get(decoded.value.requester) ?? [];
  if (!keys.some((key) => verifyEd25519(key, hash, signature)))
    throw fail(
      'no requester of the charter signed it',
      file,
      'Do not approve it. Find out where it comes from.',
    );
  return { intent: decoded.value, hash };
}

/** @throws Failure unless the tier of the amount asks for this person */
function assertAsked(charter: CharterInForce, intent: Intent, approver: string): void {
  const tier = findTier(charter, intent);
  if (tier === undefined) throw fail('its amount needs no approval', '--intent', 'There is nothing to do.');
  if (tier.approvers.includes(approver)) return;
  const what = `"${approver}" is no approver of its tier, or one of the requester's own people`;
  throw fail(what, '--approver', `These may approve it: ${tier.approvers.join(', ')}.`);
}

function runApprove(options: ApproveOptions): void {
  const { loaded: charter } = readCharterFile(options.charter);
  const wanted = readIntent(options.intent, charter);
  const { approver } = options;
  assertAsked(charter, wanted.intent, approver);
  const expires = options.expires ?? wanted.intent.expires;
  if (options.signature !== undefined) {
    const approval = pack(charter, wanted, approver, expires, options.signature);
    makeOutput(true).answer(approval, () => '');
    return;
  }
  const { network, first } = charter;
  const text = writeApproval({ network, first, ...wanted, approver, expires });
  const output = makeOutput(options.json === true);
  // Byte for byte what is signed. Names are printable by the charter's schema, and all else in it is ours.
  if (options.json === true) output.answer({ text, namespace: APPROVAL_NAMESPACE }, () => '');
  else process.stdout.write(text);
  output.progress(
    `Read it, then sign it: ssh-keygen -Y sign -n ${APPROVAL_NAMESPACE} -f KEY FILE. Keys of ${escapeText(approver)}: ${keysOf(charter, approver)}`,
  );
}

function keysOf({ charter }: CharterInForce, approver: string): string {
  const keys = charter.approvers.find(({ name }) => name === approver)?.keys ?? [];
  return keys.map(({ kind, key }) => `${kind} ${toHex(key).slice(0, 16)}…`).join(', ');
}

/** @throws Failure unless the signature is by the approver's key over exactly this text */
function pack(
  charter: CharterInForce,
  { intent, hash }: Wanted,
  approver: string,
  expires: number,
  file: string,
) {
  const read = readSshSignature(readFileSync(file, 'utf8'));
  if (read === undefined)
    throw fail(
      'it is no SSH signature by an Ed25519 key',
      file,
      'Give the .sig file that ssh-keygen -Y sign wrote.',
    );
  const { signature, touch, namespace, key } = read;
  const keys = charter.charter.approvers.find(({ name }) => name === approver)?.keys ?? [];
  if (!keys.some((own) => equalBytes(own.key, key.key)))
    throw fail(
      `the key is none of ${approver}'s in the charter`,
      file,
      `Sign with one of: ${keysOf(charter, approver)}.`,
    );
  if (namespace !== APPROVAL_NAMESPACE)
    throw fail(`it was signed for "${escapeText(namespace)}"`, file, `Sign with -n ${APPROVAL_NAMESPACE}.`);
  if (!verifyApproval(charter, { intent, hash }, { approver, expires, signature, touch }))
    throw fail(
      'the signature is not over this text, or nobody touched the security key',
      file,
      'Print the text again with the same options, and sign exactly that file.',
    );
  return { intent: toHex(intent.id), approver, expires, signature: toHex(signature), touch };
}
