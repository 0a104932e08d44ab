/**
 * A gate's GATE_CONFLICT names a transaction that it has cleared for an intent of the batch. Mostly it cannot be told from a lie, and
 * may be of a payment that this queue forgot; but where the queue itself knows that transaction, and that it and the batch can
 * never both be mined, the word is no reason to leave the other gates alone: the gate lies, or was not told of a death yet.
 *
 * No lie pays anything twice by this. A gate that is silent has the others asked as well, so what it says can only hold a batch
 * back; and what is passed over here is judged by what the queue and its node know, not by what the gate says.
 * Spec: protocol-spec/13-gate.md, "What the vault asks".
 */
import { fromHex } from '@coldwire/protocol';
import { equalOutpoints } from '@coldwire/wallet';
import { type Batch, findBatchByTxid, isBuried } from '../queue/index.ts';
import type { Refusal } from './peer.ts';
import { tipOf, type Vault } from './vault.ts';

/** The transaction that it names, in display order; undefined when there is none in its facts. */
export function namedTxid({ facts }: Refusal): string | undefined {
  const txid = facts.get('txid');
  return txid !== undefined && /^[0-9a-f]{64}$/.test(txid) ? txid : undefined;
}

function isHarmless({ store, charter }: Vault, batch: Batch, refusal: Refusal): boolean {
  const txid = namedTxid(refusal);
  const named = txid === undefined ? undefined : findBatchByTxid(store, fromHex(txid).reverse());
  if (named === undefined) return false;
  if (isBuried(named, tipOf(store).height, charter.charter.clock.burial)) return true;
  return named.inputs.some((input) => batch.inputs.some((other) => equalOutpoints(input, other)));
}

/** The GATE_CONFLICT among these that may be of a second payment: what they name is unknown, or can still be mined beside the batch. */
export function realConflicts(vault: Vault, batch: Batch, refusals: readonly Refusal[]): readonly Refusal[] {
  return refusals.filter((refusal) => refusal.code === 'GATE_CONFLICT' && !isHarmless(vault, batch, refusal));
}
