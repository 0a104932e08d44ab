/**
 * What the header clock must know about each network: its easiest target and how targets change.
 * On the test networks the clock works but is no security boundary: their blocks cost nothing, or (signet) what makes a
 * block valid is not in its header.
 * Spec: protocol-spec/11-clock.md, "Networks". Sources: Bitcoin Core, chainparams; BIP-94 (testnet4); BIP-325 (signet).
 */
import type { NetworkName } from '../charter/charter.ts';

/** Blocks between two changes of the target, and the seconds that they should take. */
export const PERIOD = 2016;
export const PERIOD_SECONDS = 14 * 24 * 60 * 60;

export type Retargeting =
  /** Every 2,016 blocks, from the target of the period's last block. */
  | 'last'
  /** Every 2,016 blocks, from the target of the period's first block, with BIP-94's other two rules. */
  | 'bip94'
  /** Never. */
  | 'none';

export type ClockNetwork = {
  /** The easiest target, compact. */
  readonly limitBits: number;
  readonly retargeting: Retargeting;
  /** Hash of the first block, in display order. */
  readonly genesis: string;
};

export const CLOCK_NETWORKS: { readonly [name in NetworkName]: ClockNetwork } = {
  mainnet: {
    limitBits: 0x1d00ffff,
    retargeting: 'last',
    genesis: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  },
  testnet4: {
    limitBits: 0x1d00ffff,
    retargeting: 'bip94',
    genesis: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
  },
  signet: {
    limitBits: 0x1e0377ae,
    retargeting: 'last',
    genesis: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
  },
  regtest: {
    limitBits: 0x207fffff,
    retargeting: 'none',
    genesis: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  },
};
