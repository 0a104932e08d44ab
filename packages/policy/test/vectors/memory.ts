/** The part of policy vectors that is about a signer's memory: START, ATTEST, orders. The signer is A, without any SIGNED. */
import {
  Attest,
  decode,
  Freeze,
  type OrderKind,
  Restore,
  type SignedOrder,
  Unfreeze,
} from '@coldwire/protocol';
import { applyChange, attest, type Change, type PolicyState, takeOrder } from '../../src/index.ts';
import type { Event } from '../world.ts';
import type { Outcome } from './format.ts';

/** START: the program starts and asks for witnesses; its body is the nonce. */
export type VectorEvent = Omit<Event, 'type'> & { readonly type: Event['type'] | 'START' };

export const SELF = { name: 'A', ownHeads: () => ({ newest: 0, at: () => undefined }) };

function orderOf({ type, body }: VectorEvent): readonly [OrderKind, SignedOrder] | undefined {
  const decoded =
    type === 'UNFREEZE'
      ? decode(Unfreeze, body)
      : type === 'RESTORE'
        ? decode(Restore, body)
        : type === 'FREEZE'
          ? decode(Freeze, body)
          : undefined;
  if (decoded === undefined) return undefined;
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  const { order } = decoded.value;
  const kind = type === 'UNFREEZE' ? 'unfreeze' : type === 'RESTORE' ? 'restore' : 'freeze';
  return order === undefined ? undefined : [kind, order];
}

/** Undefined: not about memory. An ATTEST that is refused performs its changes here. */
export function judgeMemory(state: PolicyState, event: VectorEvent): Outcome | undefined {
  const { type, body, time, uptime } = event;
  if (type === 'START') {
    const changes: Change[] = [
      { kind: 'boot', value: {} },
      { kind: 'asked', value: { nonce: body } },
    ];
    return { kind: 'ok', changes };
  }
  if (type === 'ATTEST') {
    const decoded = decode(Attest, body, body.length);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    const { changes, refusals } = attest(state, SELF, decoded.value, uptime);
    if (refusals.length === 0) return { kind: 'ok', changes };
    for (const change of changes) applyChange(state, change);
    return { kind: 'refused', refusals };
  }
  const order = orderOf(event);
  return order === undefined ? undefined : takeOrder(state, SELF.name, order[1], order[0], { time, uptime });
}
