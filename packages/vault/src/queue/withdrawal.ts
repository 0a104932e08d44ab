/**
 * A withdrawal as the fold of its events: what happened is appended, what it is now follows. Pure.
 * A step that its state does not allow is a bug of the caller and throws; nothing is written then.
 *
 *   received → screened → approved → drafted → signing → signed → cleared → broadcast → confirmed
 *        └─→ held ──┘        ↑──────────────── returned ────────────────────────┘ ↑── reorganized ──┘
 *   refused and expired end it, unless the chain says that it was paid after all.
 */
import {
  bytes,
  decodeIntent,
  encode,
  field,
  type Infer,
  type Intent,
  list,
  nullable,
  struct,
  text,
  uint,
  variant,
} from '@coldwire/protocol';

export const STATES = [
  'received',
  'held',
  'screened',
  'approved',
  'drafted',
  'signing',
  'signed',
  'cleared',
  'broadcast',
  'confirmed',
  'refused',
  'expired',
] as const;
export type State = (typeof STATES)[number];

/** Reasons that a withdrawal can show; a peer may give more of them (Refused: 256). */
export const MAX_CODES = 64;
const codes = () => list(text(1, 32), 0, MAX_CODES);
const inBatch = (name: string) => struct(name, { batch: field(1, uint()) });
const Screened = struct('Screened', { screen: field(1, text(1, 16)), issued: field(2, uint(0xffffffff)) });
const Returned = struct('Returned', {
  batch: field(1, uint()),
  codes: field(2, codes()),
  notBefore: field(3, uint(0xffffffff)),
});

/** Everything that can happen to a withdrawal, as it is stored. A tag is never reused. */
export const WithdrawalEvent = variant({
  received: [1, struct('Received', { intent: field(1, bytes(1, 160)), signature: field(2, bytes(64)) })],
  screened: [2, Screened],
  held: [3, struct('Held', { screen: field(1, text(1, 16)), codes: field(2, codes()) })],
  /** All approvals of its tier are there. */
  approved: [4, struct('Approved', {})],
  drafted: [5, inBatch('Drafted')],
  signing: [6, inBatch('Signing')],
  signed: [7, inBatch('SignedByTwo')],
  cleared: [8, inBatch('ClearedByGate')],
  broadcast: [9, inBatch('Broadcast')],
  confirmed: [10, struct('Confirmed', { batch: field(1, uint()), height: field(2, uint(0xffffffff)) })],
  /** The block that held it left the chain; the transaction is in flight again. */
  reorganized: [11, inBatch('Reorganized')],
  /** Its batch was given up or can never be mined; it waits for another, not before the given height. */
  returned: [12, Returned],
  refused: [13, struct('RefusedForGood', { batch: field(1, nullable(uint())), codes: field(2, codes()) })],
  expired: [14, struct('Expired', { height: field(1, uint(0xffffffff)) })],
  /** A replacement for its batch was drafted; it stays where it is until that one is broadcast or mined. */
  replacing: [15, inBatch('Replacing')],
});
export type WithdrawalEvent = Infer<typeof WithdrawalEvent>;
export type EventKind = WithdrawalEvent['kind'];

export interface Withdrawal extends Intent {
  /** The signed bytes and the requester's signature over their hash. */
  readonly intent: Uint8Array;
  readonly signature: Uint8Array;
  readonly state: State;
  /** Why it is held, was returned or refused; empty otherwise. */
  readonly codes: readonly string[];
  readonly batch: number | null;
  /** Of the block that holds its transaction. */
  readonly height: number | null;
  /** Block height before which no new draft is tried. */
  readonly notBefore: number;
}

const IN_FLIGHT: readonly State[] = ['drafted', 'signing', 'signed', 'cleared', 'broadcast', 'confirmed'];

/** The states in which each event may happen. */
const FROM: { readonly [kind in EventKind]: readonly State[] } = {
  received: [],
  screened: ['received', 'held'],
  held: ['received', 'held', 'approved'],
  approved: ['screened'],
  drafted: ['approved'],
  signing: ['drafted'],
  signed: ['signing'],
  cleared: ['signed'],
  broadcast: ['cleared', 'broadcast'],
  // The chain has the last word: whatever was signed once can be mined, even after it was given up here.
  confirmed: ['approved', 'refused', 'expired', ...IN_FLIGHT],
  reorganized: ['confirmed'],
  returned: IN_FLIGHT,
  refused: ['received', 'held', 'approved', 'drafted', 'signing', 'signed', 'cleared'],
  expired: ['received', 'held', 'approved'],
  replacing: ['broadcast'],
};

/**
 * The height before which an approved withdrawal is not tried again, of one that nobody will pay any more and that a gate could
 * still broadcast: it ends, refused, once what takes its coins home is buried.
 */
export const ENDING = 0xffffffff;

export function isEnding({ state, notBefore }: Pick<Withdrawal, 'state' | 'notBefore'>): boolean {
  return state === 'approved' && notBefore === ENDING;
}

export function encodeEvent(event: WithdrawalEvent): Uint8Array {
  return encode(WithdrawalEvent, event);
}

/** The withdrawal after the event. `before` is undefined exactly for `received`. */
export function applyEvent(before: Withdrawal | undefined, event: WithdrawalEvent): Withdrawal {
  if (before === undefined) {
    if (event.kind !== 'received') throw new Error(`a withdrawal cannot begin with ${event.kind}`);
    return receive(event.value.intent, event.value.signature);
  }
  if (!FROM[event.kind].includes(before.state)) {
    throw new Error(`a withdrawal that is ${before.state} cannot be ${event.kind}`);
  }
  switch (event.kind) {
    case 'received':
      throw new Error('a withdrawal is received once');
    case 'screened':
    case 'approved':
      return { ...before, state: event.kind, codes: [] };
    case 'held':
      return { ...before, state: 'held', codes: event.value.codes };
    case 'drafted':
    case 'signing':
    case 'signed':
    case 'cleared':
    case 'broadcast':
      return { ...before, state: event.kind, codes: [], batch: event.value.batch };
    case 'confirmed':
      return { ...before, state: 'confirmed', codes: [], ...event.value };
    case 'reorganized':
      return { ...before, state: 'broadcast', batch: event.value.batch, height: null };
    case 'returned': {
      const { codes: why, notBefore } = event.value;
      return { ...before, state: 'approved', codes: why, batch: null, height: null, notBefore };
    }
    case 'refused':
      return { ...before, state: 'refused', codes: event.value.codes, batch: null };
    case 'expired':
      return { ...before, state: 'expired', codes: ['EXPIRED'], batch: null };
    case 'replacing':
      return before;
  }
}

function receive(intent: Uint8Array, signature: Uint8Array): Withdrawal {
  const decoded = decodeIntent(intent);
  if (!decoded.ok) throw new Error(`an intent was stored that is not one: ${decoded.fault.detail}`);
  const start = { state: 'received', codes: [], batch: null, height: null, notBefore: 0 } as const;
  return { ...decoded.value, intent, signature, ...start };
}
