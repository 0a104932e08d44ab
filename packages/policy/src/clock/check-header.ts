/**
 * Whether a header may follow another: its target, its proof of work, its time.
 * Refuses HEADER_WORK: bits other than the network's rules ask for, or a hash above the target.
 * Refuses HEADER_TIME: a time not above the median of the eleven before it (judged where eleven are known).
 * Spec: protocol-spec/11-clock.md, "Judging a header". Sources: Bitcoin Core, pow.cpp and validation.cpp; BIP-94.
 */

import { type ClockNetwork, PERIOD, PERIOD_SECONDS } from '@coldwire/protocol/clock/networks.ts';
import { bitsOf, hashValue, targetOf } from '@coldwire/protocol/clock/work.ts';
import type { BlockHeader } from '@coldwire/wallet';
import type { HeaderNode } from './header-tree.ts';

const MEDIAN_SPAN = 11;
/** testnet4: seconds after which a block of the easiest target may follow, and how far a period may start back. */
const EASY_AFTER = 2 * 600;
const TIMEWARP_GRACE = 600;

/** The target of the period that follows one which took `seconds` under `bits`. */
export function retarget(bits: number, seconds: number, limitBits: number): number {
  const held = Math.min(Math.max(seconds, PERIOD_SECONDS / 4), PERIOD_SECONDS * 4);
  const old = targetOf(bits) ?? 0n;
  const limit = targetOf(limitBits) ?? 0n;
  const next = (old * BigInt(held)) / BigInt(PERIOD_SECONDS);
  return bitsOf(next > limit ? limit : next);
}

/** The bits that the network asks of the header after `parent`, if that header has this time. */
export function requiredBits(network: ClockNetwork, parent: HeaderNode, time: number): number {
  if (network.retargeting === 'none') return network.limitBits;
  const start = parent.periodStart ?? parent;
  if ((parent.height + 1) % PERIOD === 0) {
    const base = network.retargeting === 'bip94' ? start : parent;
    return retarget(base.header.bits, parent.header.time - start.header.time, network.limitBits);
  }
  if (network.retargeting === 'last') return parent.header.bits;
  // Within a period of testnet4 every block has the target of its first, or the easiest one when the block was slow.
  return time > parent.header.time + EASY_AFTER ? network.limitBits : start.header.bits;
}

/** Median of the times of the eleven headers up to `node`, or `undefined` where the checkpoint is nearer than that. */
export function medianTime(node: HeaderNode): number | undefined {
  const times: number[] = [];
  for (let at: HeaderNode | null = node; at !== null && times.length < MEDIAN_SPAN; at = at.parent) {
    times.push(at.header.time);
  }
  if (times.length < MEDIAN_SPAN) return undefined;
  return times.sort((a, b) => a - b)[(MEDIAN_SPAN - 1) / 2];
}

function hasWork(header: BlockHeader, network: ClockNetwork, parent: HeaderNode): boolean {
  if (header.bits !== requiredBits(network, parent, header.time)) return false;
  const target = targetOf(header.bits);
  return target !== undefined && hashValue(header.hash) <= target;
}

function hasTime(header: BlockHeader, network: ClockNetwork, parent: HeaderNode): boolean {
  const median = medianTime(parent);
  if (median !== undefined && header.time <= median) return false;
  const startsPeriod = (parent.height + 1) % PERIOD === 0;
  return (
    !(network.retargeting === 'bip94' && startsPeriod) || header.time >= parent.header.time - TIMEWARP_GRACE
  );
}

/** The code of the first rule that the header breaks, or `undefined` when it may follow `parent`. */
export function checkHeader(
  header: BlockHeader,
  network: ClockNetwork,
  parent: HeaderNode,
): 'HEADER_WORK' | 'HEADER_TIME' | undefined {
  if (!hasWork(header, network, parent)) return 'HEADER_WORK';
  return hasTime(header, network, parent) ? undefined : 'HEADER_TIME';
}
