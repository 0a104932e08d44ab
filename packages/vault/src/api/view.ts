/** Withdrawals and the queue as JSON values. Amounts are decimal strings in sat, bytes hexadecimal, txids as people read them. */
import type { ApprovalCharter } from '@coldwire/policy';
import type { JsonValue } from '@coldwire/program';
import { displayTxid, encodeAddress } from '@coldwire/wallet';
import {
  findBatch,
  type HistoryEntry,
  isEnding,
  type Store,
  type Summary,
  tipHeight,
  type Withdrawal,
} from '../queue/index.ts';
import { countFor } from '../serve/approvals.ts';

export function withdrawalJson(
  store: Store,
  withdrawal: Withdrawal,
  charter: ApprovalCharter,
): { [key: string]: JsonValue } {
  const { id, requester, amount, script, created, expires, state, codes, batch, height } = withdrawal;
  const approvals = countFor(charter, store, withdrawal, tipHeight(store));
  const carrier = batch === null ? undefined : findBatch(store, batch);
  return {
    id,
    requester,
    amount,
    address: encodeAddress(script, charter.network) ?? null,
    script,
    created,
    expires,
    state,
    codes,
    // Refused for good, but a gate could still broadcast it: it is "refused" once its coins are home and that is buried.
    ending: isEnding(withdrawal),
    // Who has approved it, and how many must; null when its amount needs nobody.
    approvals: approvals === undefined ? null : { got: approvals.got, want: approvals.want },
    txid: carrier === undefined ? null : displayTxid(carrier.txid),
    height,
    confirmations: height === null ? 0 : tipHeight(store) - height + 1,
  };
}

export function historyJson(entries: readonly HistoryEntry[]): JsonValue {
  return entries.map(({ seq, at, event }) => {
    const when = new Date(at).toISOString();
    return event.kind === 'received'
      ? { seq, at: when, kind: event.kind }
      : { seq, at: when, kind: event.kind, ...event.value };
  });
}

export function summaryJson({ tip, states, openBatches, balance }: Summary): {
  readonly [name: string]: JsonValue;
} {
  const { confirmed, reserved, unconfirmed, coins } = balance;
  const counts = Object.entries(states).map(
    ([state, { count, amount }]) => [state, { count, amount }] as const,
  );
  return {
    tip,
    states: Object.fromEntries(counts),
    openBatches,
    balance: { confirmed, reserved, unconfirmed, coins },
  };
}
