/**
 * How long the vault goes on asking gates that refuse a signed batch, and how often.
 * Spec: protocol-spec/13-gate.md, "What the vault asks".
 */
import type { Refusal } from './peer.ts';
import type { Vault } from './vault.ts';

type Told = Pick<Vault, 'charter' | 'tuning'>;

/** A window frees with the blocks, not with the seconds: how much longer than for GATE_HOME a gate is left alone. */
const PATIENCE = 6;

/** A chain's blocks may come so many times as fast as they should for as long as a gate's delay takes. */
const HASTE = 2;

/** More than lead from one millisecond to any block's time. */
const MOST_DOUBLINGS = 30;

/**
 * Blocks for which a gate that only waits may keep a batch that another one refuses for good. A gate's delay is over by then even
 * where blocks come fast, and it was asked after that: as long as the vault waits for a block before it raises a fee.
 * More would leave coins and withdrawals to one bad gate; less could be over before an honest one may clear.
 */
export function longestWait({ charter, tuning }: Told): number {
  const { policy, charter: terms } = charter;
  return tuning.bumpBlocks + HASTE * Math.ceil(policy.gateDelay / terms.clock.spacing);
}

/** What is known of a gate that has refused a batch. */
export interface Refuser {
  /** How often it has, from 1. */
  readonly times: number;
  /** What it said last. */
  readonly refusals: readonly Refusal[];
}

/**
 * How long (ms) it is left alone: twice as long each time, until that is what a block should take, because both ends keep every
 * question for good.
 */
export function pauseAfter({ charter, tuning }: Told, { times, refusals }: Refuser): number {
  const homeOnly = refusals.length > 0 && refusals.every(({ code }) => code === 'GATE_HOME');
  const first = tuning.gateRetryMs * (homeOnly ? 1 : PATIENCE);
  const block = charter.charter.clock.spacing * 1_000;
  return Math.min(first * 2 ** Math.min(times - 1, MOST_DOUBLINGS), Math.max(first, block));
}
