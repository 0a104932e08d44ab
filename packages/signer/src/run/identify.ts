/**
 * Who this signer is and under which charter: the charter file, its signatures, and the signer's own place in it.
 * Refuses a charter that does not hold together, is not wholly signed, or names no such signer or vault.
 */
import { readSignedCharter } from '@coldwire/channel';
import type { CharterInForce } from '@coldwire/policy';
import { openFirstCharter } from '@coldwire/policy/charter/open.ts';
import { EXIT, Failure } from '@coldwire/program';
import { equalBytes, type Line } from '@coldwire/protocol';
import type { SignerState } from '../core/state.ts';
import type { ExpectedKeys } from '../io/key-block.ts';

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

/** @throws Failure if a later charter gave this signer another key than the first, whose key block it opens */
export function requireOwnKey(first: CharterInForce, { place, name, policy }: SignerState): void {
  const [own, now] = [first, policy.charter].map(({ charter }) => charter.signers[place]?.key);
  if (own !== undefined && now !== undefined && equalBytes(own, now)) return;
  throw new Failure(EXIT.REFUSED, {
    what: `the charter in force gives ${name} another key`,
    todo: 'Start the machine that has the new key; take this one out of service.',
  });
}

/** What the key block must hold to be this signer's. @throws Failure if the charter has no such signer */
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
