/** How the commands read their options. */
import { EXIT, Failure } from '@coldwire/program';
import { InvalidArgumentError, Option } from 'commander';
import { PREFLIGHT_ITEMS, type PreflightItem } from '../io/preflight.ts';
import { type CustodianRecipient, checkPeople } from '../seal-key.ts';

export function parseDescriptor(text: string): number {
  if (!/^\d{1,4}$/.test(text))
    throw new InvalidArgumentError('It must be the number of an open file descriptor.');
  return Number(text);
}

/** Collects `NAME=age1…`, once per custodian. */
export function collectCustodian(
  text: string,
  before: readonly CustodianRecipient[] = [],
): readonly CustodianRecipient[] {
  const [name = '', recipient = '', ...rest] = text.split('=');
  if (name === '' || recipient === '' || rest.length > 0) {
    throw new InvalidArgumentError('It must be NAME=age1…, as printed by coldwire-custody identity.');
  }
  return [...before, { name, recipient }];
}

/** A place to read from; never the secret itself, which the command line would show to everybody. */
export function collectSource(text: string, before: readonly string[] = []): readonly string[] {
  assertNoSecret(text);
  return [...before, text];
}

function assertNoSecret(text: string): void {
  if (!/AGE-SECRET-KEY/i.test(text) && text.trim().split(/\s+/).length < 12) return;
  throw new Failure(EXIT.USAGE, {
    what: 'a secret was given on the command line, where every user and the shell history can read it',
    todo: 'Take it as exposed and replace it. Give a file, or fd:N, or - to type it.',
  });
}

/** `--identity`, once for each share file. */
export function identityOption(): Option {
  const text = "A custodian's age identity file, or fd:N; once for each share file.";
  return new Option('--identity <source>', text).argParser(collectSource).default([], 'none');
}

export function waiveOption(): Option {
  const names = `Go on although this does not hold on the machine; shown each time. One of: ${PREFLIGHT_ITEMS.join(', ')}.`;
  return new Option('--waive <item>', names).argParser(collectWaiver).default([], 'none');
}

function collectWaiver(text: string, before: readonly PreflightItem[]): readonly PreflightItem[] {
  const item = PREFLIGHT_ITEMS.find((known) => known === text);
  if (item === undefined) throw new InvalidArgumentError(`There is: ${PREFLIGHT_ITEMS.join(', ')}.`);
  return [...before, item];
}

/** @throws Failure (usage) unless the three `--custodian` are three people; before anything is read or made */
export function assertPeople(signer: string, custodians: readonly CustodianRecipient[]): void {
  const checked = checkPeople(signer, custodians);
  if (!checked.ok) throw new Failure(EXIT.USAGE, checked.problem);
}
