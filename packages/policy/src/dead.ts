/**
 * DEAD: shows that one of our transactions can never be mined, so that its intents may be paid by another that shares
 * no coin with it. A buried transaction spends one of its inputs, or an input of one that it descends from.
 * Refuses DEAD_PROOF.
 * Spec: protocol-spec/10-policy.md, "Dead transactions".
 */
import type { Dead } from '@coldwire/protocol';
import { displayTxid, outpointKey } from '@coldwire/wallet';
import type { Accepted } from './accept-headers.ts';
import { decodeStripped, makeSpent } from './admit.ts';
import { blockId } from './clock/header-tree.ts';
import { isProven } from './prove.ts';
import { type Malformed, type Refused, refuse, refused } from './refusal.ts';
import type { PolicyState } from './state/state.ts';
import { inputsOf, isBuried, isDead } from './state/view.ts';

/** Judges the proof; changes nothing. */
export function markDead(state: PolicyState, body: Dead): Accepted | Refused | Malformed {
  const txid = displayTxid(body.txid);
  const no = () => refused([refuse('DEAD_PROOF', { txid })]);
  const decoded = decodeStripped(body.spender);
  if ('kind' in decoded) return decoded;
  const { transaction } = decoded;
  const proven = {
    spender: displayTxid(transaction.txid),
    keys: new Set(transaction.inputs.map(({ outpoint }) => outpointKey(outpoint))),
  };
  if (inputsOf(state, txid) === undefined) return no();
  if (!isBuried(state, blockId(body.proof.block)) || !isProven(state, transaction, body.proof)) return no();
  if (!isDead(state, txid, proven)) return no();
  return { kind: 'ok', changes: makeSpent(state, transaction, body.proof.block) };
}
