/**
 * What rests on no block: coins without a proof, transactions that spend them, and remembered inputs of their transactions.
 * Nobody needs to have signed or mined any of it for it to be shown here, so a hostile vault could make up as much as fills
 * memory, now and at each start. Spec: protocol-spec/10-policy.md, "Admission" and "Bounded spends".
 */
import type { PolicyState } from './state.ts';

export const UNPROVEN_MAX = 65_536;

export function countUnproven({ coins, parents }: PolicyState): number {
  let count = 0;
  const proven = new Set<string>();
  for (const { key, blocks, spenders } of coins.values()) {
    if (blocks.length > 0) proven.add(key.slice(0, 64));
    else count += 1 + spenders.length;
  }
  for (const [txid, inputs] of parents) if (!proven.has(txid)) count += inputs.length;
  return count;
}
