/**
 * Orders of custodians: one freezes for a bounded time, two at once until a quorum ends it, and a quorum takes a signer back
 * that lost its memory. Refuses ORDER_TARGET, CLOCK_STALE, ORDER_EXPIRED, ORDER_USED, ORDER_SIGNATURE, ORDER_QUORUM.
 * Spec: protocol-spec/14-memory.md, "Orders".
 */
import {
  decode,
  equalBytes,
  hashOrder,
  Order,
  type OrderKind,
  type SignedOrder,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import type { Accepted } from '../accept-headers.ts';
import { isFresh, refuseStale } from '../clock/fresh.ts';
import { MILLITICKS } from '../clock/header-tree.ts';
import { type Malformed, type Refusal, type Refused, refuse, refused } from '../refusal.ts';
import type { Change } from '../state/change.ts';
import type { PolicyState } from '../state/state.ts';
import { tickAt, tipHeight } from '../state/view.ts';
import { missingGates, usedOrder } from './memory.ts';

/** Who signed; or the first signature that is none of a custodian of the charter in force, or stands twice. */
function findSigners(
  { charter }: PolicyState,
  [order, signatures]: SignedOrder,
): readonly string[] | Refusal {
  const hash = hashOrder(order);
  const names = signatures.map(([name]) => name);
  for (const [place, [name, signature]] of signatures.entries()) {
    const custodian = charter.charter.custodians.find((one) => one.name === name);
    const isGood = custodian !== undefined && verifyEd25519(custodian.key, hash, signature);
    if (!isGood || names.indexOf(name) !== place) return refuse('ORDER_SIGNATURE', { at: place });
  }
  return names;
}

function findTarget(state: PolicyState, self: string, order: Order, kind: OrderKind): Refusal | undefined {
  const { charter, memory } = state;
  const no = (what: string, got: string | number, want: string | number): Refusal =>
    refuse('ORDER_TARGET', { what, got, want });
  if (order.kind !== kind) return no('kind', order.kind, kind);
  if (!equalBytes(order.first, charter.first)) return no('charter', toHex(order.first), toHex(charter.first));
  if (kind !== 'restore') {
    return order.signer === null || order.signer === self ? undefined : no('signer', order.signer, self);
  }
  if (order.signer !== self) return no('signer', order.signer ?? 'every', self);
  if (toHex(order.id) !== memory.nonce) return no('nonce', toHex(order.id), memory.nonce ?? 'none');
  if (memory.latch === null && missingGates(memory, charter).length === 0)
    return no('state', 'whole', 'lost');
  const height = order.height ?? 0;
  return height < tipHeight(state) ? no('height', height, tipHeight(state)) : undefined;
}

/** Custodians whose word in this order counts: of a freeze those who have not frozen by it; none where it was carried out. */
function findFresh(
  { memory }: PolicyState,
  { kind }: Order,
  hash: Uint8Array,
  names: readonly string[],
): readonly string[] {
  // Once more in the same start it would only begin the windows anew.
  if (kind === 'restore') return memory.restored?.nonce === memory.nonce ? [] : names;
  if (kind === 'unfreeze') return memory.orders.has(usedOrder(hash)) ? [] : names;
  return names.filter((name) => !memory.orders.has(usedOrder(hash, name)));
}

/** One person's freeze does not begin again before it has lapsed and as long again has passed. */
function findRested(
  { memory, charter }: PolicyState,
  names: readonly string[],
  now: number,
): readonly string[] {
  const rest = charter.policy.freezeTicks * MILLITICKS;
  return names.filter((name) => now >= (memory.ordered.get(name)?.until ?? -rest) + rest);
}

function makeChanges(
  state: PolicyState,
  order: Order,
  hash: Uint8Array,
  names: readonly string[],
  uptime: number,
): Change[] {
  const { expires } = order;
  switch (order.kind) {
    case 'freeze': {
      const by = findRested(state, names, tickAt(state, uptime));
      return by.length === 0 ? [] : [{ kind: 'ordered', value: { uptime, by, order: hash, expires } }];
    }
    case 'unfreeze':
      return [{ kind: 'unfrozen', value: { uptime, order: hash, expires } }];
    case 'restore':
      return [{ kind: 'restored', value: { uptime, height: order.height ?? 0 } }];
  }
}

/**
 * Judges an order; changes nothing.
 * @param self name of this signer
 * @param kind what the message or the console says that it is; undefined: whatever it is
 * @param at seconds since 1970, and µs of running time
 */
export function takeOrder(
  state: PolicyState,
  self: string,
  signed: SignedOrder,
  kind: OrderKind | undefined,
  at: { readonly time: number; readonly uptime: number },
): Accepted | Refused | Malformed {
  const decoded = decode(Order, signed[0], 160);
  if (!decoded.ok) return { kind: 'malformed', fault: decoded.fault };
  const order = decoded.value;
  const hash = hashOrder(signed[0]);
  const target = findTarget(state, self, order, kind ?? order.kind);
  if (target !== undefined) return refused([target]);
  // Headers that are held back would keep an unfreeze of old alive, for a freeze that it never was about.
  if (order.kind === 'unfreeze' && !isFresh(state, at.time)) return refused([refuseStale(state, at.time)]);
  const now = tipHeight(state);
  if (order.expires < now) return refused([refuse('ORDER_EXPIRED', { expires: order.expires, now })]);
  const fresh = findFresh(
    state,
    order,
    hash,
    signed[1].map(([name]) => name),
  );
  if (fresh.length === 0) return refused([refuse('ORDER_USED', { order: toHex(hash) })]);
  const names = findSigners(state, signed);
  if ('code' in names) return refused([names]);
  const want = order.kind === 'freeze' ? 1 : state.charter.charter.quorum;
  if (names.length < want) return refused([refuse('ORDER_QUORUM', { got: names.length, want })]);
  return { kind: 'ok', changes: makeChanges(state, order, hash, fresh, at.uptime) };
}
