/**
 * What must hold before a draft may be stored. The serve loop builds drafts so that it does; a violation is a bug of
 * ours, found before anything is reserved or sent.
 */
import { equalBytes } from '@coldwire/protocol';
import { equalOutpoints, outpointKey } from '@coldwire/wallet';
import { type Batch, batchesSpending, carriersOf, findBatch } from './batch.ts';
import type { NewBatch } from './batches.ts';
import { findCoin, isSpentInBlock } from './coins.ts';
import { isBuried, tipHeight } from './take.ts';
import { findWithdrawal, type Store } from './withdrawals.ts';

/** @throws Error naming the first condition that does not hold */
export function assertDraftable(store: Store, added: NewBatch): void {
  assertIntents(store, added);
  assertInputs(store, added);
  assertConflicts(store, added);
}

function assertIntents(store: Store, { prepared, purpose, replaces }: NewBatch): void {
  const replacing = purpose === 'bump' || purpose === 'cancel';
  if (replacing !== (replaces !== null)) throw new Error(`a ${purpose} with replaces = ${replaces}`);
  if (purpose === 'cancel' && prepared.intentIds.length > 0) throw new Error('a cancel pays nobody');
  for (const id of prepared.intentIds) {
    const withdrawal = findWithdrawal(store, id);
    const wanted = replacing ? 'broadcast' : 'approved';
    if (withdrawal?.state !== wanted)
      throw new Error(`an intent of the draft is ${withdrawal?.state}, not ${wanted}`);
  }
  if (replaces === null) return;
  const before = findBatch(store, replaces);
  // One that was given up may be cancelled too: when its withdrawals have ended, nothing else frees its coins.
  const replaceable: readonly (string | undefined)[] =
    purpose === 'cancel' ? ['broadcast', 'abandoned'] : ['broadcast'];
  if (before === undefined || !replaceable.includes(before.status))
    throw new Error(`batch ${replaces} is ${before?.status}, not ${replaceable.join(' or ')}`);
  const dropped = before.intents.some((id) => !prepared.intentIds.some((kept) => equalBytes(kept, id)));
  if (purpose === 'bump' && dropped) throw new Error('a bump pays everything that it replaces');
}

/** Each input is a coin of ours with the amount that the draft says, unspent, and held by predecessors at most. */
function assertInputs(store: Store, added: NewBatch): void {
  for (const [txid, vout, amount, wallet, chain, index] of added.prepared.draft.inputs) {
    const outpoint = { txid, vout };
    const coin = findCoin(store, outpoint);
    const same =
      coin?.amount === amount && coin.wallet === wallet && coin.chain === chain && coin.index === index;
    if (!same) throw new Error(`${outpointKey(outpoint)} is not such a coin of ours`);
    if (isSpentInBlock(store, outpoint)) throw new Error(`${outpointKey(outpoint)} is spent`);
    for (const holder of batchesSpending(store, outpoint)) {
      if (['refused', 'replaced'].includes(holder.status)) continue;
      if (!isPredecessor(store, holder, added)) {
        throw new Error(`${outpointKey(outpoint)} is held by batch ${holder.id}`);
      }
    }
  }
}

/** Batches that the new one conflicts with on purpose: what it replaces, rivals of that, and carriers of its intents. */
function isPredecessor(store: Store, holder: Batch, { prepared, replaces }: NewBatch): boolean {
  if (holder.status === 'confirmed') return false;
  const shares = holder.intents.some((id) => prepared.intentIds.some((kept) => equalBytes(kept, id)));
  if (holder.status === 'abandoned' && shares) return true;
  if (replaces === null) return false;
  if (holder.id === replaces || (holder.status === 'broadcast' && shares)) return true;
  const before = findBatch(store, replaces);
  const rivals = before?.inputs.some((input) => holder.inputs.some((other) => equalOutpoints(input, other)));
  return rivals === true && ['abandoned', 'broadcast'].includes(holder.status);
}

/** P5: whatever may have been signed for an intent of this draft shares an input with it, or is dead for good. */
function assertConflicts(store: Store, { prepared, burial }: NewBatch): void {
  const tip = tipHeight(store);
  const inputs = prepared.draft.inputs.map(([txid, vout]) => ({ txid, vout }));
  for (const id of prepared.intentIds) {
    for (const carrier of carriersOf(store, id)) {
      if (isBuried(carrier, tip, burial)) continue;
      const shared = carrier.inputs.some((input) => inputs.some((other) => equalOutpoints(input, other)));
      if (!shared)
        throw new Error(`the draft does not conflict with batch ${carrier.id}, which carries its intent`);
    }
  }
}
