/** Makes blocks: takes transactions, pays subsidy and fees to a script, finds a nonce that meets the target. */
import { randomBytes } from 'node:crypto';
import {
  type Block,
  commitmentScript,
  type Header,
  headerHash,
  meetsTarget,
  REGTEST_BITS,
  transactionRoot,
  witnessCommitment,
} from '../primitives/block.ts';
import {
  COINBASE_VOUT,
  describeTransaction,
  type KnownTransaction,
  SEQUENCE_FINAL,
} from '../primitives/transaction.ts';
import { hashBytes } from '../primitives/wire.ts';
import { subsidyAt } from './amounts.ts';
import type { Chainstate } from './chainstate.ts';
import { coinbaseScript } from './check-block.ts';
import type { Entry } from './mempool.ts';

const VERSION = 0x20000000;
/** Both leave room for header and coinbase. */
const MAX_WEIGHT = 3_990_000;
const MAX_SIGOP_COST = 79_000;
const RESERVED = new Uint8Array(32);

export interface BlockPlan {
  readonly height: number;
  /** Display form. */
  readonly previous: string;
  /** Unix seconds. */
  readonly time: number;
  /** Who gets subsidy and fees. */
  readonly script: Uint8Array;
  /** sat */
  readonly fees: bigint;
  readonly transactions: readonly KnownTransaction[];
}

/** Builds the block of a plan with real proof of work. */
export function mineBlock(plan: BlockPlan): Block {
  const commitment = witnessCommitment([buildCoinbase(plan, null), ...plan.transactions], RESERVED);
  const transactions = [buildCoinbase(plan, commitment), ...plan.transactions];
  const base = {
    version: VERSION,
    previous: hashBytes(plan.previous),
    merkleRoot: transactionRoot(transactions).root,
    time: plan.time,
    bits: REGTEST_BITS,
  };
  let header: Header = { ...base, nonce: 0 };
  while (!meetsTarget(headerHash(header))) header = { ...base, nonce: header.nonce + 1 };
  return { header, transactions };
}

function buildCoinbase(plan: BlockPlan, commitment: Uint8Array | null): KnownTransaction {
  const input = {
    txid: new Uint8Array(32),
    vout: COINBASE_VOUT,
    script: coinbaseScript(plan.height, Uint8Array.from(randomBytes(8))),
    sequence: SEQUENCE_FINAL,
    witness: [RESERVED],
  };
  const reward = { amount: subsidyAt(plan.height) + plan.fees, script: plan.script };
  const outputs =
    commitment === null ? [reward] : [reward, { amount: 0n, script: commitmentScript(commitment) }];
  return describeTransaction({ version: 2, inputs: [input], outputs, locktime: 0 });
}

/** Plans the next block on the tip; its time is the clock's, but always after the median of the last eleven. */
export function planBlock(
  chain: Chainstate,
  entries: readonly Entry[],
  script: Uint8Array,
  now: number,
): BlockPlan {
  const { tip } = chain;
  const chosen = choose(entries);
  return {
    height: tip.height + 1,
    previous: tip.hash,
    time: Math.max(now, chain.medianTime(tip) + 1),
    script,
    fees: chosen.reduce((sum, entry) => sum + entry.fee, 0n),
    transactions: chosen.map((entry) => entry.known),
  };
}

/** In order of entry, so parents come first; what does not fit waits, and its children with it. */
function choose(entries: readonly Entry[]): Entry[] {
  const chosen: Entry[] = [];
  const left = new Set<string>();
  let weight = 0;
  let sigopCost = 0;
  for (const entry of entries) {
    const orphaned = [...entry.parents].some((parent) => left.has(parent));
    const full = weight + entry.known.weight > MAX_WEIGHT || sigopCost + entry.sigopCost > MAX_SIGOP_COST;
    if (orphaned || full) {
      left.add(entry.known.txid);
      continue;
    }
    chosen.push(entry);
    weight += entry.known.weight;
    sigopCost += entry.sigopCost;
  }
  return chosen;
}
