/** What HELLO, STATE and DONE say of the policy state. Spec: protocol-spec/4-messages.md, "Bodies". */
import { tipOf } from './clock/header-tree.ts';
import type { PolicyState } from './state/state.ts';
import { freezeInForce, tickAt } from './state/view.ts';

export type PolicyStatus = {
  readonly epoch: number;
  /** Hash of the charter in force. */
  readonly charter: Uint8Array;
  /** Charters that wait: epoch, hash, and the milliticks that are left. */
  readonly pending: readonly (readonly [epoch: number, hash: Uint8Array, left: number])[];
  readonly tipHeight: number;
  /** Internal byte order. */
  readonly tipHash: Uint8Array;
  /** Seconds since 1970. */
  readonly tipTime: number;
  readonly millitick: number;
  readonly frozen: boolean;
  readonly coins: number;
};

/** @param uptime µs of running time */
export function describeState(state: PolicyState, uptime: number): PolicyStatus {
  const tip = tipOf(state.tree);
  const millitick = tickAt(state, uptime);
  return {
    epoch: state.charter.charter.epoch,
    charter: state.charter.hash,
    pending: state.pending.map(
      ({ charter, due }) => [charter.charter.epoch, charter.hash, Math.max(0, due - millitick)] as const,
    ),
    tipHeight: tip.height,
    tipHash: tip.header.hash,
    tipTime: tip.header.time,
    millitick,
    frozen: freezeInForce(state, millitick) !== undefined,
    coins: state.coins.size,
  };
}
