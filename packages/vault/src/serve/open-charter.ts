/**
 * The charter as the vault takes it over: whole, signed by every custodian, and with this vault's key in it.
 * Refuses everything else. Spec: protocol-spec/5-charter.md.
 */
import { readSignedCharter } from '@coldwire/channel';
import type { CharterInForce } from '@coldwire/policy';
import { openFirstCharter } from '@coldwire/policy/charter/open.ts';
import { judgeSuccessor } from '@coldwire/policy/charter/successor.ts';
import { EXIT, Failure, readRoleKey } from '@coldwire/program';
import { createEd25519Signer, type Ed25519Signer, equalBytes, type Line } from '@coldwire/protocol';
import { checkWallet, createScripts, type WalletScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import type { ScreenEndpoint } from '../screening/index.ts';

/** @throws Failure */
export function openCharter(path: string): CharterInForce {
  return openFirstCharter(readSignedCharter(path), path);
}

/**
 * A chain of charters: the first, then each that follows the one before it and has its quorum.
 * @param paths oldest first
 * @returns the newest @throws Failure
 */
export function openCharters(paths: readonly string[]): CharterInForce {
  const [first = '', ...later] = paths;
  return later.reduce((before, path) => {
    const judged = judgeSuccessor(readSignedCharter(path), before, before, noblePointMath);
    if (!('code' in judged)) return judged;
    throw new Failure(EXIT.BAD_INPUT, {
      code: judged.code,
      what: `it does not follow the charter of epoch ${before.charter.epoch}: ${judged.facts.map((fact) => fact.join(' ')).join(', ')}`,
      where: path,
      todo: 'Name the first charter and every later one, oldest first: coldwire-charter verify says what is missing.',
    });
  }, openCharter(first));
}

/** The scripts of the charter's wallets, in its order. @throws Failure if a wallet's keys cannot be used */
export function openScripts({ charter, network }: CharterInForce): readonly WalletScripts[] {
  return charter.wallets.map((row) => {
    const wallet = { network, ...row };
    const fault = checkWallet(wallet, noblePointMath);
    if (fault === undefined) return createScripts(wallet, noblePointMath);
    throw new Failure(EXIT.BAD_INPUT, {
      what: fault.detail,
      where: 'the charter',
      todo: 'Have it built again: coldwire-charter build.',
    });
  });
}

export interface Identity {
  readonly name: string;
  readonly signer: Ed25519Signer;
}

/** Which vault of the charter this key is. @throws Failure */
export function openIdentity(path: string, { charter }: CharterInForce): Identity {
  const signer = createEd25519Signer(readRoleKey(path, 'vault').identity);
  const me = charter.vaults.find(({ key }) => equalBytes(key, signer.publicKey));
  if (me !== undefined) return { name: me.name, signer };
  throw new Failure(EXIT.BAD_INPUT, {
    what: "it is not the key of one of the charter's vaults",
    where: path,
    todo: `Its vaults are: ${charter.vaults.map(({ name }) => name).join(', ')}.`,
  });
}

/** The line from a vault to a signer or gate. @throws Failure (usage) if the charter has none of this name */
export function lineTo(
  { charter }: Pick<CharterInForce, 'charter'>,
  self: string,
  role: 'signer' | 'gate',
  name: string,
): Line {
  const members = role === 'signer' ? charter.signers : charter.gates;
  const member = members.find((candidate) => candidate.name === name);
  if (member !== undefined) return { self, peer: name, peerKey: member.key, incoming: 'up', receiver: role };
  throw new Failure(EXIT.USAGE, {
    what: `the charter has no ${role} "${name}"`,
    todo: `Its ${role}s are: ${members.map((candidate) => candidate.name).join(', ')}.`,
  });
}

/** `NAME=URL`, or URLs alone in the order of the charter. @throws Failure (usage) */
export function nameScreens(
  { charter }: CharterInForce,
  texts: readonly string[],
): readonly ScreenEndpoint[] {
  return texts.map((text, place) => {
    const [, given, url] = /^(?:([^=/:]{1,16})=)?(https?:\/\/.+)$/.exec(text) ?? [];
    const name = given ?? charter.screens[place]?.name;
    const screen = charter.screens.find((candidate) => candidate.name === name);
    if (url !== undefined && URL.canParse(url) && screen !== undefined) return { ...screen, url };
    throw new Failure(EXIT.USAGE, {
      what: `--screen ${text} is not URL or NAME=URL of a screen of the charter`,
      todo: `Its screens are: ${charter.screens.map((candidate) => candidate.name).join(', ')}.`,
    });
  });
}
