/**
 * The wallet in the forms that other programs import: watching it, and spending from it when Coldwire is gone.
 * All public data. Bitcoin Core 25 and later, Electrum 4, and wallets that read BIP-129 records (BSMS 1.0).
 * Spec: protocol-spec/3-wallet.md, "Other wallets". Sources: BIP-129, SLIP-132.
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import { pathText } from '@coldwire/protocol/charter/account-path.ts';
import { encodeAddress } from '../address.ts';
import { encodeBase58Check } from '../base58.ts';
import { describeChain } from '../descriptor.ts';
import { extendAccountKey, extendedKeyBytes, serializeXpub } from '../extended-key-text.ts';
import type { Wallet, WalletScripts } from '../scripts.ts';

/** One request of Bitcoin Core's `importdescriptors`. */
export type CoreImport = {
  readonly desc: string;
  readonly active: true;
  readonly internal: boolean;
  readonly range: readonly [number, number];
  /** Seconds since 1970: from when on blocks are searched. */
  readonly timestamp: number;
};

/**
 * The argument of Core's `importdescriptors`, for a wallet created with `disable_private_keys`: two single-path
 * descriptors, since Core reads multipath ones from version 29 on only.
 * `birth`: seconds since 1970 before which no coin of the wallet can exist. `last`: highest index to watch.
 */
export function describeForCore(wallet: Wallet, birth: number, last: number): readonly CoreImport[] {
  return ([0, 1] as const).map((chain) => ({
    desc: describeChain(wallet, chain),
    active: true,
    internal: chain === 1,
    range: [0, last],
    timestamp: birth,
  }));
}

/** SLIP-132 versions by which Electrum tells P2WSH multisig: Zpub and Vpub. */
const SLIP132 = { main: 0x02aa7ed3, test: 0x02575483 } as const;

/** A watch-only Electrum wallet file (JSON text). */
export function describeForElectrum(wallet: Wallet): string {
  const cosigners = wallet.keys.map((key, i) => {
    const extended = extendAccountKey(key, wallet.network);
    const bytes = extendedKeyBytes(extended);
    new DataView(bytes.buffer).setUint32(0, SLIP132[extended.network]);
    const keystore = {
      type: 'bip32',
      xpub: encodeBase58Check(bytes),
      xprv: null,
      pw_hash_version: 1,
      derivation: `m/${pathText(key.path).replaceAll('h', "'")}`,
      root_fingerprint: toHex(key.fingerprint),
      label: `signer ${'ABC'.charAt(i)}`,
    };
    return [`x${i + 1}/`, keystore] as const;
  });
  return JSON.stringify(
    { wallet_type: '2of3', use_encryption: false, ...Object.fromEntries(cosigners) },
    undefined,
    2,
  );
}

/** A BIP-129 descriptor record: template, the two chains, and the first address for people to compare. */
export function describeForBsms(scripts: WalletScripts): string {
  const { wallet } = scripts;
  const keys = wallet.keys.map((key) => {
    const path = pathText(key.path).replaceAll('h', "'");
    return `[${toHex(key.fingerprint)}/${path}]${serializeXpub(extendAccountKey(key, wallet.network))}/**`;
  });
  const first = encodeAddress(scripts.at(0, 0).scriptPubKey, wallet.network);
  return ['BSMS 1.0', `wsh(sortedmulti(2,${keys.join(',')}))`, '/0/*,/1/*', `${first}`].join('\n');
}
