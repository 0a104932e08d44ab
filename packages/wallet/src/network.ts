/**
 * The Bitcoin networks and the constants in which their text forms differ.
 * Test networks share most constants: a base58 address of testnet4, signet or regtest is the same text on all three.
 * Spec: protocol-spec/3-wallet.md, "Networks". Sources: BIP-32, BIP-94, BIP-173, BIP-325.
 */
export type Network = 'mainnet' | 'testnet4' | 'signet' | 'regtest';

export type NetworkConstants = {
  /** Human-readable part of segwit addresses (BIP-173). */
  readonly bech32Prefix: 'bc' | 'tb' | 'bcrt';
  /** Version byte of base58 P2PKH addresses. */
  readonly p2pkhVersion: number;
  /** Version byte of base58 P2SH addresses. */
  readonly p2shVersion: number;
  /** Version bytes of extended public keys, as a big-endian u32 (BIP-32): xpub or tpub. */
  readonly xpubVersion: number;
};

const TEST = { p2pkhVersion: 0x6f, p2shVersion: 0xc4, xpubVersion: 0x043587cf } as const;

export const NETWORKS: { readonly [name in Network]: NetworkConstants } = {
  mainnet: {
    bech32Prefix: 'bc',
    p2pkhVersion: 0x00,
    p2shVersion: 0x05,
    xpubVersion: 0x0488b21e,
  },
  testnet4: { bech32Prefix: 'tb', ...TEST },
  signet: { bech32Prefix: 'tb', ...TEST },
  regtest: { bech32Prefix: 'bcrt', ...TEST },
};
