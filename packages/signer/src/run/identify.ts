/**
 * Who this signer is and under which charter: the charter file, its signatures, and the signer's own place in it.
 * Refuses a charter that does not hold together, is not wholly signed, or names no such signer or vault.
 */
import { readSignedCharter } from '@coldwire/channel';
import type { CharterInForce } from '@coldwire/policy';
import { openFirstCharter } from '@coldwire/policy/charter/open.ts';
import { EXIT, Failure } from '@coldwire/program';
import type { Line } from '@coldwire/protocol';
import { isListed, ownKey, type SignerState } from '../core/state.ts';
import type { ExpectedKeys, WantedKeys } from '../io/key-block.ts';

const HARDENED = 0x8000_0000;

/** @throws Failure */
export function openCharter(path: string): CharterInForce {
  return openFirstCharter(readSignedCharter(path), path);
}

/** The same before the charter in force is known: the log has what followed the first. */
export function lineByName({ charter }: CharterInForce, self: string, vault: string | undefined): Line {
  const peer = vault ?? charter.vaults[0]?.name ?? '';
  return { self, peer, peerKey: new Uint8Array(32), incoming: 'down', receiver: 'signer' };
}

/** The line to a vault of the charter; the first one unless it is named. @throws Failure */
export function lineTo(charter: CharterInForce, signer: string, vault: string | undefined): Line {
  const { vaults } = charter.charter;
  const peer = vault === undefined ? vaults[0] : vaults.find(({ name }) => name === vault);
  if (peer === undefined) {
    throw new Failure(EXIT.USAGE, {
      what: `the charter has no vault "${vault}"`,
      todo: `Its vaults are: ${vaults.map(({ name }) => name).join(', ')}.`,
    });
  }
  return { self: signer, peer: peer.name, peerKey: peer.key, incoming: 'down', receiver: 'signer' };
}

/**
 * A machine that a later charter adds says so at each start.
 * @throws Failure if another key than this directory's is in force; or if it is not the first charter's, and nobody said --joins
 */
export function requireOwnKey(state: SignerState, joins: boolean): void {
  const { name, joined } = state;
  if (joined !== null && !joins) {
    throw new Failure(EXIT.REFUSED, {
      what: `this state directory is of a ${name} whose key a later charter gives it`,
      todo: 'Start it with --joins.',
    });
  }
  if (joins || isListed(state)) return;
  throw new Failure(EXIT.REFUSED, {
    what: `the charter in force gives ${name} another key`,
    todo: 'Start the machine that has the new key (with --joins); take this one out of service.',
  });
}

/**
 * What a key block must hold at this machine. One that joins takes any link key until it has said something under one; from then
 * on the state directory is that key's.
 */
export function wantedKeys(first: CharterInForce, state: SignerState, mayJoin: boolean): WantedKeys {
  const isOpen = mayJoin && state.joined === null;
  return { ...expectedKeys(first, state.name), identityPublicKey: isOpen ? null : ownKey(state) };
}

/** What the key block must hold to be this signer's by the first charter. @throws Failure if the charter has no such signer */
export function expectedKeys(charter: CharterInForce, signer: string): ExpectedKeys {
  const member = charter.charter.signers.find(({ name }) => name === signer);
  const account = charter.charter.wallets[charter.newestWallet]?.keys.find((key) => key.signer === signer);
  if (member === undefined || account === undefined) {
    throw new Failure(EXIT.USAGE, {
      what: `the charter has no signer "${signer}"`,
      todo: `Its signers are: ${charter.charter.signers.map(({ name }) => name).join(', ')}.`,
    });
  }
  return {
    coinType: charter.network === 'mainnet' ? 0 : 1,
    account: (account.path[2] ?? HARDENED) - HARDENED,
    masterFingerprint: account.fingerprint,
    accountPublicKey: account.publicKey,
    accountChainCode: account.chainCode,
    identityPublicKey: member.key,
  };
}
