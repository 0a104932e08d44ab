/**
 * What the link's machine holds, takes and gives. Every buffer in it is bounded: half a frame, one unsent message, one
 * window, one connection half open. Spec: protocol-spec/2-link.md, "Connection".
 */
import type { FrameDecoder, LinkRole } from '../frame/index.ts';
import type { Flow } from './flow.ts';
import type { Timing } from './timing.ts';

/** `now`: ms of a clock that never goes back. `nonce`: 16 bytes that were never given before. */
export type LinkEvent =
  /** From now on hellos carry this; the initiator starts to dial, and goes on until `stop`. */
  | { readonly kind: 'open'; readonly nonce: Uint8Array; readonly resume: Uint8Array; readonly now: number }
  /** What later hellos tell the peer: at most 64 bytes, opaque to the link. */
  | { readonly kind: 'resume'; readonly resume: Uint8Array; readonly now: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly now: number }
  /** At most `sendable` bytes; all are delivered in order on this connection, or it goes down. Lost if it is not up. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly now: number }
  | { readonly kind: 'timer'; readonly now: number }
  /** Ends this connection; the initiator dials again after a while. */
  | { readonly kind: 'close'; readonly reason: string; readonly now: number }
  /** Responder: `on` ends the connection and answers every SYN with LOCKED. */
  | { readonly kind: 'lock'; readonly on: boolean; readonly now: number }
  /** Ends this connection and answers nothing until `open`. */
  | { readonly kind: 'stop'; readonly now: number };

export type LinkAction =
  /** One whole frame. A driver may drop it when the line is blocked: the link sends it again. */
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'deliver'; readonly bytes: Uint8Array }
  | { readonly kind: 'up'; readonly connection: number; readonly peerResume: Uint8Array }
  /** What was not delivered is gone; the other side may or may not have it. */
  | { readonly kind: 'down'; readonly reason: string }
  /** The peer says that it is locked; the initiator goes on trying, slowly. */
  | { readonly kind: 'locked' }
  /** Give `timer` at this time; replaces every earlier wake. */
  | { readonly kind: 'wake'; readonly at: number };

/** `window`: most frames unacknowledged, 1…8; the smaller of both sides' counts. */
export type LinkOptions = {
  readonly role: LinkRole;
  readonly window?: number;
  readonly timing?: Partial<Timing>;
};

/** A connection that both sides have confirmed. */
export type Live = {
  readonly connection: number;
  readonly ownNonce: Uint8Array;
  readonly peerNonce: Uint8Array;
  readonly flow: Flow;
  readonly upAt: number;
  heardAt: number;
  spokeAt: number;
};

/** A responder's answer that waits for the third hello. */
export type Pending = {
  readonly connection: number;
  readonly ownNonce: Uint8Array;
  readonly peerNonce: Uint8Array;
  readonly peerResume: Uint8Array;
  readonly window: number;
  /** The whole SYN_ACK frame. */
  readonly answer: Uint8Array;
  attempt: number;
  at: number;
};

export type Phase =
  | { readonly kind: 'stopped' }
  /** Initiator: between two dials. */
  | { readonly kind: 'resting'; readonly at: number }
  /** Initiator: has said SYN. */
  | { readonly kind: 'dialing'; readonly nonce: Uint8Array; attempt: number; at: number; locked: boolean }
  /** Responder: no connection. */
  | { readonly kind: 'listening' }
  | { readonly kind: 'up'; readonly live: Live };

export type LinkCounts = {
  framesIn: number;
  framesOut: number;
  /** DATA frames sent again. */
  resent: number;
  /** Sound frames of no connection, of an old one, reflected, or impossible in this state. */
  strays: number;
};

export type LinkState = {
  readonly role: LinkRole;
  readonly window: number;
  readonly timing: Timing;
  readonly decoder: FrameDecoder;
  readonly counts: LinkCounts;
  phase: Phase;
  pending: Pending | undefined;
  locked: boolean;
  seed: Uint8Array;
  resume: Uint8Array;
  /** Hellos made from this seed. */
  hellos: number;
  /** Connections that failed early, in a row. */
  failures: number;
  /** Before this time no RESET answers a frame of an unknown connection. */
  resetAt: number;
  wakeAt: number;
};

/** One step in progress. */
export type Turn = { readonly state: LinkState; readonly now: number; readonly actions: LinkAction[] };
