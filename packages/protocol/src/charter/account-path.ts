/**
 * Where in its key tree a signer's account key is: BIP-48 for P2WSH multisig, account 0.
 * Spec: protocol-spec/3-wallet.md, "Derivation". Sources: BIP-32, BIP-48.
 */
import type { NetworkName } from './charter.ts';

/** The bit that marks a hardened step in a path of u32. */
export const HARDENED = 0x80000000;

/** Highest index of an unhardened step. */
export const MAX_INDEX = 0x7fffffff;

/** `48h/coinh/0h/2h`; the test networks share one coin. */
export function accountPath(network: NetworkName): readonly number[] {
  return [48, network === 'mainnet' ? 0 : 1, 0, 2].map((step) => step + HARDENED);
}

/** `48h/1h/0h/2h`: a path as text, without the leading `m`. */
export function pathText(path: readonly number[]): string {
  return path.map((step) => (step >= HARDENED ? `${step - HARDENED}h` : `${step}`)).join('/');
}
