/** What happens on the signer's own machine: starts, orders from its console, a charter that is due. */
import {
  type Accepted,
  dueCharter,
  enactDue,
  freeze,
  type Malformed,
  type Change as PolicyChange,
  type Refused as PolicyRefused,
  takeOrder,
} from '@coldwire/policy';
import { decode, fromHex, SIGNED_ORDER_MAX, SignedOrder } from '@coldwire/protocol';
import type { SignerChange } from './change.ts';
import { greet } from './describe.ts';
import type { Decision, LocalEvent, Reading } from './event.ts';
import { wrap } from './reply.ts';
import { isListed, type SignerState } from './state.ts';

export function decideLocal(state: SignerState, local: LocalEvent, at: Reading): Decision {
  const notice: SignerChange = { kind: 'notice', value: { event: local.event, detail: local.detail } };
  switch (local.event) {
    case 'start':
      return {
        changes: [
          { kind: 'session', value: state.session + 1 },
          { kind: 'policy', value: { kind: 'boot', value: {} } },
          notice,
        ],
        effects: [],
      };
    case 'freeze':
      return {
        changes: [...wrap(freeze(state.policy, local.detail, at.uptime).changes), notice],
        effects: [],
      };
    case 'enact':
      return {
        changes: [...wrap([...enactDue(state.policy, at.uptime), ...latchNew(state, at)]), notice],
        effects: [],
      };
    case 'join':
      return { changes: [{ kind: 'joined', value: fromHex(local.detail) }, notice], effects: [] };
    case 'ask': {
      const value = { nonce: fromHex(local.detail) };
      return { changes: [{ kind: 'policy', value: { kind: 'asked', value } }, notice], effects: [] };
    }
    case 'order':
      return { changes: [...wrap(carryOut(state, local.detail, at)), notice], effects: [] };
    case 'realign':
    case 'program':
    case 'unlock':
    case 'lock':
    case 'waive':
    case 'disk':
      return { changes: [notice], effects: [] };
    case 'greet':
      return greet(state, at);
  }
}

/**
 * The charter that is due gives this signer the key that it has, and the one before did not: whoever signed under this name until
 * now did so with another memory. People take it in by an order to restore, as a signer that has lost all.
 */
function latchNew(state: SignerState, { uptime }: Reading): readonly PolicyChange[] {
  const due = dueCharter(state.policy, uptime);
  if (due === undefined || isListed(state) || !isListed(state, due.charter)) return [];
  const value = {
    uptime,
    code: 'STATE_ROLLBACK',
    gate: state.name,
    vault: state.name,
    have: 0,
    seen: 0,
  } as const;
  return [{ kind: 'latched', value }];
}

/** An order from the console, as {@link judgeOrder} let it pass; one that it did not is no event. */
function carryOut(state: SignerState, detail: string, at: Reading): readonly PolicyChange[] {
  const judged = judgeOrder(state, detail, at);
  if (judged.kind !== 'ok') throw new Error('an order that was refused cannot happen');
  return judged.changes;
}

/** @param detail a signed order in base64url, as the console's event holds it */
export function judgeOrder(
  state: SignerState,
  detail: string,
  at: Reading,
): Accepted | PolicyRefused | Malformed {
  const signed = decode(SignedOrder, new Uint8Array(Buffer.from(detail, 'base64url')), SIGNED_ORDER_MAX);
  if (!signed.ok) return { kind: 'malformed', fault: signed.fault };
  return takeOrder(state.policy, state.name, signed.value, undefined, at);
}
