/**
 * The wallet as an output descriptor: what other wallets, and people without Coldwire, need to find and spend the coins.
 * `wsh(sortedmulti(2,[fingerprint/48h/coinh/0h/2h]xpub/<0;1>/*,…))#checksum`, keys in the order of the signers.
 * The parent fingerprint of the account key is not part of a wallet; it is written as zeros, as BIP-380 readers allow.
 * Spec: protocol-spec/3-wallet.md, "Descriptor". Sources: BIP-380, 383, 389; the checksum is BIP-380's.
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import { pathText } from '@coldwire/protocol/charter/account-path.ts';
import type { AccountKey } from './extended-key.ts';
import { extendAccountKey, serializeXpub } from './extended-key-text.ts';
import type { Network } from './network.ts';
import type { Chain, Wallet } from './scripts.ts';

const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn] as const;

function polymod(values: readonly number[]): bigint {
  let check = 1n;
  for (const value of values) {
    const top = check >> 35n;
    check = ((check & 0x7ffffffffn) << 5n) ^ BigInt(value);
    for (const [bit, term] of GENERATOR.entries()) if (((top >> BigInt(bit)) & 1n) === 1n) check ^= term;
  }
  return check;
}

/** The low five bits of each character, and after every three characters one value of their high bits. */
function expandDescriptor(descriptor: string): number[] | undefined {
  const positions = Array.from(descriptor, (character) => INPUT_CHARSET.indexOf(character));
  if (positions.includes(-1)) return undefined;
  const values: number[] = [];
  let group = 0;
  for (const [i, position] of positions.entries()) {
    values.push(position & 31);
    group = group * 3 + (position >> 5);
    if (i % 3 !== 2) continue;
    values.push(group);
    group = 0;
  }
  return positions.length % 3 === 0 ? values : [...values, group];
}

/** The eight characters after `#`, or `undefined` when a character cannot be in a descriptor. `descriptor` has none yet. */
export function descriptorChecksum(descriptor: string): string | undefined {
  const values = expandDescriptor(descriptor);
  if (values === undefined) return undefined;
  const check = polymod([...values, 0, 0, 0, 0, 0, 0, 0, 0]) ^ 1n;
  return Array.from({ length: 8 }, (_, i) =>
    CHECKSUM_CHARSET.charAt(Number((check >> BigInt(35 - 5 * i)) & 31n)),
  ).join('');
}

function describeKey(key: AccountKey, network: Network): string {
  return `[${toHex(key.fingerprint)}/${pathText(key.path)}]${serializeXpub(extendAccountKey(key, network))}`;
}

function describeBranch(wallet: Wallet, branch: string): string {
  const keys = wallet.keys.map((key) => `${describeKey(key, wallet.network)}/${branch}/*`);
  const descriptor = `wsh(sortedmulti(${wallet.threshold},${keys.join(',')}))`;
  return `${descriptor}#${descriptorChecksum(descriptor)}`;
}

/** The wallet as one multipath descriptor (BIP-389) with checksum. */
export function describeWallet(wallet: Wallet): string {
  return describeBranch(wallet, '<0;1>');
}

/** One chain of the wallet as a descriptor with checksum, for programs that do not read multipath. */
export function describeChain(wallet: Wallet, chain: Chain): string {
  return describeBranch(wallet, `${chain}`);
}
