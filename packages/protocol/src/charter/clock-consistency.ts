/**
 * Whether the header clock can start at the charter's checkpoint.
 * Spec: protocol-spec/5-charter.md, "Consistency"; protocol-spec/11-clock.md, "Checkpoint".
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { CLOCK_NETWORKS, PERIOD } from '../clock/networks.ts';
import { hashValue, targetOf } from '../clock/work.ts';
import type { Charter } from './charter.ts';

/** Seconds between blocks on mainnet, and the fewest confirmations that count as buried there. */
const MAINNET_SPACING = 600;
const MAINNET_BURIAL = 6;
/** A header's time may run two hours ahead, so less than that would refuse honest blocks. */
const MAINNET_FRESH = 2 * 60 * 60;
/** So long may a vault hold headers back before nothing is signed: a day. */
const MAINNET_STALE = 24 * 60 * 60;
/** Where the compact target stands in the 80 bytes of a header. */
const BITS_AT = 72;

function findCheckpointProblems(charter: Charter): string[] {
  const { checkpoint, checkpointHeight } = charter.clock;
  const network = CLOCK_NETWORKS[charter.network];
  const bits = new DataView(checkpoint.buffer, checkpoint.byteOffset).getUint32(BITS_AT, true);
  const hash = hashValue(sha256(sha256(checkpoint)));
  const target = targetOf(bits);
  const limit = targetOf(network.limitBits) ?? 0n;
  const problems: string[] = [];
  if (target === undefined || target > limit || hash > target) {
    problems.push('the checkpoint has no proof of work of this network');
  }
  if (network.retargeting !== 'none' && checkpointHeight % PERIOD !== 0) {
    problems.push(`the checkpoint's height ${checkpointHeight} is not the first of a period of ${PERIOD}`);
  }
  if (charter.network === 'mainnet' && checkpointHeight === 0 && hash !== BigInt(`0x${network.genesis}`)) {
    problems.push("the checkpoint of height 0 is not the network's first block");
  }
  return problems;
}

export function findClockProblems(charter: Charter): string[] {
  const { spacing, burial, fresh } = charter.clock;
  const problems = findCheckpointProblems(charter);
  if (spacing < 1) problems.push('spacing is 0 seconds');
  if (burial < 1) problems.push('burial is 0 blocks');
  if (fresh < 1) problems.push('fresh is 0 seconds');
  if (charter.network === 'mainnet') {
    if (spacing !== MAINNET_SPACING) problems.push(`spacing is ${spacing} seconds, on mainnet it is 600`);
    if (burial < MAINNET_BURIAL) problems.push(`burial is ${burial} blocks, on mainnet at least 6`);
    if (fresh < MAINNET_FRESH || fresh > MAINNET_STALE)
      problems.push(`fresh is ${fresh} seconds, on mainnet ${MAINNET_FRESH} to ${MAINNET_STALE}`);
  }
  return problems.map((problem) => `clock: ${problem}`);
}
