/**
 * Whole messages over the link's byte stream. A short body travels with its header; a long one is announced, and the
 * receiver pulls it once its owner has vetted the signed header, going on where it was after a reconnection. Messages
 * stay in order: while one is being pulled its sender holds back the next. Pure. Holds at most one body each way.
 * Refuses bodies that nobody asked for, that go over their announced length, or that do not have their hash.
 * Spec: protocol-spec/2-link.md, "Items".
 */
import { equalBytes } from '../bytes.ts';
import type { Fault } from '../cbor/index.ts';
import { makeFault } from '../fault.ts';
import { BODY_MAX } from '../message/header.ts';
import {
  CHUNK_MAX,
  encodeItem,
  INLINE_BODY_MAX,
  ITEM_MAX,
  type Item,
  ItemReader,
  LENGTH_BYTES,
  type Message,
} from './items.ts';

export type { Message } from './items.ts';

/** What the owner says to an announced message. `skip`: not wanted (known already); nothing is delivered. */
export type Vetted =
  | { readonly kind: 'accept'; readonly bodyHash: Uint8Array; readonly bodyLength: number }
  | { readonly kind: 'skip' };

export type CourierEvent =
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  /** What the link delivered. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A message to send; only while `canPost`. After `down` the owner posts again what the peer did not receive. */
  | { readonly kind: 'post'; readonly message: Message }
  /** The answer to `vet`, which may come late: one about a header that no longer waits changes nothing. */
  | { readonly kind: 'vetted'; readonly header: Uint8Array; readonly answer: Vetted }
  /** The link has room again. */
  | { readonly kind: 'room' };

export type CourierAction =
  /** For the link, before any further step: it fits the room that was given. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Answer with `vetted`, or close the connection if the header or its signature is bad. */
  | { readonly kind: 'vet'; readonly header: Uint8Array; readonly signature: Uint8Array }
  /** Bytes of the body being pulled. */
  | { readonly kind: 'progress'; readonly have: number; readonly total: number }
  | ({ readonly kind: 'message' } & Message)
  /** Close the connection. Nothing more is read from it. */
  | { readonly kind: 'fault'; readonly fault: Fault };

/** A body that we announced. `[from, to)` is pulled and not yet sent. */
type Offer = { readonly body: Uint8Array; readonly bodyHash: Uint8Array; from: number; to: number };

type Announced = { readonly header: Uint8Array; readonly signature: Uint8Array };

/** A body that we pull. It outlives the connection; `active` says whether this connection has announced it. */
type Pulling = Announced & {
  readonly bodyHash: Uint8Array;
  readonly body: Uint8Array;
  have: number;
  active: boolean;
};

export type CourierState = {
  readonly hashBody: (body: Uint8Array) => Uint8Array;
  /** Undefined while there is no connection, or none that still makes sense. */
  reader: ItemReader | undefined;
  offer: Offer | undefined;
  vetting: Announced | undefined;
  pulling: Pulling | undefined;
  /** Pulls that wait for room: at most one that begins and one that ends, since no message is taken meanwhile. */
  asks: Uint8Array[];
};

type Turn = { readonly state: CourierState; readonly actions: CourierAction[]; room: number };

/** @param hashBody the 32-byte hash that an accepted header names its body by */
export function createCourier(hashBody: (body: Uint8Array) => Uint8Array): CourierState {
  return { hashBody, reader: undefined, offer: undefined, vetting: undefined, pulling: undefined, asks: [] };
}

/** Whether `post` may come now. `room`: what the link's `sendable` says. */
export function canPost(state: CourierState, room: number): boolean {
  return state.reader !== undefined && state.offer === undefined && room >= LENGTH_BYTES + ITEM_MAX;
}

/**
 * Changes `state` in place and returns it with what to do, in order. `room`: what the link's `sendable` says now.
 * @throws Error on `post` without `canPost`, or of a body above 512 KiB: bugs of the owner
 */
export function stepCourier(
  state: CourierState,
  event: CourierEvent,
  room: number,
): { state: CourierState; actions: CourierAction[] } {
  const turn: Turn = { state, actions: [], room };
  switch (event.kind) {
    case 'up':
      dropConnection(state);
      state.reader = new ItemReader();
      break;
    case 'down':
      dropConnection(state);
      break;
    case 'bytes':
      takeBytes(turn, event.bytes);
      break;
    case 'post':
      post(turn, event.message);
      break;
    case 'vetted':
      takeVetted(turn, event.header, event.answer);
      break;
    case 'room':
      break;
  }
  flush(turn);
  return { state, actions: turn.actions };
}

function dropConnection(state: CourierState): void {
  state.reader = undefined;
  state.offer = undefined;
  state.vetting = undefined;
  state.asks = [];
  if (state.pulling !== undefined) state.pulling.active = false;
}

function post(turn: Turn, message: Message): void {
  const { state } = turn;
  const { header, body, signature } = message;
  if (!canPost(state, turn.room)) throw new Error('courier: a message posted while none can be taken');
  if (body.length > BODY_MAX) throw new Error(`courier: a body of ${body.length} bytes, at most ${BODY_MAX}`);
  if (body.length <= INLINE_BODY_MAX) {
    send(turn, encodeItem({ kind: 'inline', header, body, signature }));
    return;
  }
  state.offer = { body, bodyHash: state.hashBody(body), from: 0, to: 0 };
  send(turn, encodeItem({ kind: 'detached', header, signature }));
}

function takeBytes(turn: Turn, bytes: Uint8Array): void {
  for (const item of turn.state.reader?.push(bytes) ?? []) {
    // A fault in an earlier item ends the connection for the later ones too.
    if (turn.state.reader === undefined) return;
    const fault = item.ok ? takeItem(turn, item.value) : item.fault;
    if (fault !== undefined) fail(turn, fault);
  }
}

function fail(turn: Turn, fault: Fault): void {
  dropConnection(turn.state);
  turn.actions.push({ kind: 'fault', fault });
}

function takeItem(turn: Turn, item: Item): Fault | undefined {
  const { state } = turn;
  const busy = state.vetting !== undefined || state.pulling?.active === true || state.asks.length > 0;
  switch (item.kind) {
    case 'inline':
      if (busy) return makeFault('MALFORMED', 'a message before the end of the one ahead of it');
      turn.actions.push({ ...item, kind: 'message' });
      return undefined;
    case 'detached':
      if (busy) return makeFault('MALFORMED', 'a message before the end of the one ahead of it');
      takeAnnounced(turn, { header: item.header, signature: item.signature });
      return undefined;
    case 'pull':
      return takePull(state, item);
    case 'chunk':
      return takeChunk(turn, item);
  }
}

function takeAnnounced(turn: Turn, announced: Announced): void {
  const { state } = turn;
  const { header, signature } = announced;
  const { pulling } = state;
  if (
    pulling !== undefined &&
    equalBytes(pulling.header, header) &&
    equalBytes(pulling.signature, signature)
  ) {
    // Vetted before the last connection ended.
    pulling.active = true;
    askRest(state, pulling);
    return;
  }
  state.pulling = undefined;
  state.vetting = announced;
  turn.actions.push({ kind: 'vet', header, signature });
}

function takeVetted(turn: Turn, header: Uint8Array, answer: Vetted): void {
  const { state } = turn;
  const announced = state.vetting;
  if (announced === undefined || !equalBytes(announced.header, header)) return;
  state.vetting = undefined;
  if (answer.kind === 'skip') {
    state.asks.push(encodePull(new Uint8Array(32), 0, 0));
    return;
  }
  const { bodyHash, bodyLength } = answer;
  if (bodyLength > BODY_MAX) {
    fail(turn, makeFault('TOO_LARGE', `a body of ${bodyLength} bytes, the limit is ${BODY_MAX}`));
    return;
  }
  if (bodyLength <= INLINE_BODY_MAX) {
    fail(turn, makeFault('MALFORMED', 'a body that is short enough to travel with its header'));
    return;
  }
  const pulling = { ...announced, bodyHash, body: new Uint8Array(bodyLength), have: 0, active: true };
  state.pulling = pulling;
  askRest(state, pulling);
}

function askRest(state: CourierState, pulling: Pulling): void {
  state.asks.push(encodePull(pulling.bodyHash, pulling.have, pulling.body.length - pulling.have));
}

function encodePull(bodyHash: Uint8Array, offset: number, length: number): Uint8Array {
  return encodeItem({ kind: 'pull', bodyHash, offset, length });
}

function takePull(state: CourierState, pull: Extract<Item, { kind: 'pull' }>): Fault | undefined {
  const { offer } = state;
  if (offer === undefined) return makeFault('MALFORMED', 'a pull of nothing announced');
  if (pull.length === 0) {
    state.offer = undefined;
    return undefined;
  }
  if (!equalBytes(pull.bodyHash, offer.bodyHash) || pull.offset + pull.length > offer.body.length) {
    return makeFault('MALFORMED', 'a pull of other bytes than those announced');
  }
  offer.from = pull.offset;
  offer.to = pull.offset + pull.length;
  return undefined;
}

function takeChunk(turn: Turn, chunk: Extract<Item, { kind: 'chunk' }>): Fault | undefined {
  const { state } = turn;
  const { pulling } = state;
  if (pulling?.active !== true) return makeFault('MALFORMED', 'a chunk that nobody asked for');
  const end = chunk.offset + chunk.bytes.length;
  const next = chunk.offset === pulling.have && equalBytes(chunk.bodyHash, pulling.bodyHash);
  if (!next || end > pulling.body.length) return makeFault('MALFORMED', 'not the next chunk of this body');
  pulling.body.set(chunk.bytes, pulling.have);
  pulling.have = end;
  turn.actions.push({ kind: 'progress', have: end, total: pulling.body.length });
  if (end < pulling.body.length) return undefined;
  state.pulling = undefined;
  const { header, signature, body, bodyHash } = pulling;
  if (!equalBytes(state.hashBody(body), bodyHash)) {
    return makeFault('BODY_HASH', 'the pulled body does not have the hash that its header gives');
  }
  turn.actions.push({ kind: 'message', header, body, signature });
  state.asks.push(encodePull(bodyHash, 0, 0));
  return undefined;
}

/** Sends what waits, as far as the room goes: pulls first, they are short and the peer waits for them. */
function flush(turn: Turn): void {
  const { state } = turn;
  for (let ask = state.asks[0]; ask !== undefined && ask.length <= turn.room; ask = state.asks[0]) {
    state.asks.shift();
    send(turn, ask);
  }
  const { offer } = state;
  while (offer !== undefined && offer.from < offer.to) {
    const part = offer.body.subarray(offer.from, Math.min(offer.from + CHUNK_MAX, offer.to));
    const item = encodeItem({ kind: 'chunk', bodyHash: offer.bodyHash, offset: offer.from, bytes: part });
    if (item.length > turn.room) return;
    offer.from += part.length;
    send(turn, item);
  }
}

function send(turn: Turn, bytes: Uint8Array): void {
  turn.room -= bytes.length;
  turn.actions.push({ kind: 'send', bytes });
}
