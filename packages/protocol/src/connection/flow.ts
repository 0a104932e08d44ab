/**
 * One live connection's two flows: go-back-N sending of a byte stream in frames, and taking it in order. Holds at most
 * `SEND_BUFFER` bytes unsent and one window unacknowledged, and nothing of what it receives. Frames that
 * acknowledge what was never sent change nothing. Spec: protocol-spec/2-link.md, "Data".
 */
import { type Frame, MAX_FRAME, MAX_PAYLOAD } from '../frame/frame.ts';
import { ackDelay, addRoundTrip, backOff, type RoundTrip, retransmitWait, type Timing } from './timing.ts';

/** Most unsent bytes: one message of the largest size behind less than half a second of a 115,200-baud line. */
export const SEND_BUFFER = 16 * 1024 + 4096;

type Sent = { readonly payload: Uint8Array; readonly at: number; again: boolean };

export type Flow = {
  readonly window: number;
  readonly timing: Timing;
  readonly unsent: Uint8Array;
  unsentLength: number;
  /** Frames not acknowledged; the first has the number `base`. */
  readonly sent: Sent[];
  base: number;
  /** How many of `sent` are on the line in this round; fewer than all after going back. */
  onLine: number;
  attempt: number;
  wentBackAt: number;
  retransmitAt: number;
  readonly trip: RoundTrip;
  /** The number wanted from the peer, and how many frames were taken since the last acknowledgement. */
  expected: number;
  unacknowledged: number;
  ackAt: number;
  /** The number of the last frame that came too early, while one is missing. */
  gap: number | undefined;
};

export function openFlow(window: number, timing: Timing): Flow {
  return {
    window,
    timing,
    unsent: new Uint8Array(SEND_BUFFER),
    unsentLength: 0,
    sent: [],
    base: 0,
    onLine: 0,
    attempt: 0,
    wentBackAt: Number.NEGATIVE_INFINITY,
    retransmitAt: Number.POSITIVE_INFINITY,
    trip: { smoothed: undefined, deviation: 0 },
    expected: 0,
    unacknowledged: 0,
    ackAt: Number.POSITIVE_INFINITY,
    gap: undefined,
  };
}

/** Appends to the unsent bytes. @throws Error if they do not fit: the caller must ask `sendable` first */
export function queueBytes(flow: Flow, bytes: Uint8Array): void {
  const room = flow.unsent.length - flow.unsentLength;
  if (bytes.length > room) throw new Error(`link: ${bytes.length} bytes to send, room for ${room}`);
  flow.unsent.set(bytes, flow.unsentLength);
  flow.unsentLength += bytes.length;
}

/** A DATA frame's number and payload; `again`: it was sent before. */
export type DataPart = { readonly seq: number; readonly payload: Uint8Array; readonly again: boolean };

/** The frames that the window lets go now: those to be sent again first, then new ones. */
export function takeSendable(flow: Flow, now: number): DataPart[] {
  const parts: DataPart[] = [];
  cutFrames(flow, now);
  for (; flow.onLine < flow.sent.length; flow.onLine++) {
    const sent = flow.sent[flow.onLine];
    if (sent !== undefined)
      parts.push({ seq: add(flow.base, flow.onLine), payload: sent.payload, again: sent.again });
  }
  if (parts.length > 0) armRetransmit(flow, now);
  return parts;
}

function cutFrames(flow: Flow, now: number): void {
  let from = 0;
  while (flow.sent.length < flow.window && from < flow.unsentLength) {
    const payload = flow.unsent.slice(from, Math.min(from + MAX_PAYLOAD, flow.unsentLength));
    flow.sent.push({ payload, at: now, again: false });
    from += payload.length;
  }
  if (from === 0) return;
  flow.unsent.copyWithin(0, from, flow.unsentLength);
  flow.unsentLength -= from;
}

/** Takes a frame's acknowledgement; `false` if it names what is not waiting for one, and then nothing changes. */
export function takeAck(flow: Flow, ack: number, now: number): boolean {
  const count = distance(flow.base, ack);
  if (count > flow.sent.length) return false;
  if (count === 0) return true;
  const acknowledged = flow.sent.splice(0, count);
  const last = acknowledged[acknowledged.length - 1];
  if (last !== undefined && !last.again) addRoundTrip(flow.trip, now - last.at);
  flow.base = ack;
  flow.onLine = Math.max(0, flow.onLine - count);
  flow.attempt = 0;
  armRetransmit(flow, now);
  return true;
}

/** The peer misses the frame `base`. One round trip must pass between two such answers: a flood of them costs nothing. */
export function takeNak(flow: Flow, ack: number, now: number): void {
  if (ack !== flow.base || flow.sent.length === 0) return;
  if (now - flow.wentBackAt < Math.max(1, (flow.trip.smoothed ?? 0) / 2)) return;
  goBack(flow, now);
}

/** The retransmission timer has run out. */
export function takeTimeout(flow: Flow, now: number): void {
  flow.attempt += 1;
  goBack(flow, now);
}

function goBack(flow: Flow, now: number): void {
  for (const sent of flow.sent) sent.again = true;
  flow.onLine = 0;
  flow.wentBackAt = now;
}

function armRetransmit(flow: Flow, now: number): void {
  const wait = retransmitWait(flow.timing, flow.trip, flow.sent.length * MAX_FRAME);
  flow.retransmitAt = flow.sent.length === 0 ? Number.POSITIVE_INFINITY : now + backOff(wait, flow.attempt);
}

/** What to do with a DATA frame. */
export type Taken = 'deliver' | 'drop' | 'nak';

export function takeData(flow: Flow, frame: Frame, now: number): Taken {
  const ahead = distance(flow.expected, frame.seq);
  if (ahead === 0) {
    flow.expected = add(flow.expected, 1);
    flow.unacknowledged += 1;
    flow.gap = undefined;
    const due = flow.unacknowledged >= Math.max(1, flow.window >> 1) ? now : now + ackDelay(flow.timing);
    flow.ackAt = Math.min(flow.ackAt, due);
    return 'deliver';
  }
  if (ahead >= flow.window) {
    // Already taken: our acknowledgement was lost or is late.
    flow.ackAt = now;
    return 'drop';
  }
  // A line keeps order, so a frame is missing. Once per round: a number not above the last one begins a new round.
  const fresh =
    flow.gap === undefined || distance(flow.expected, frame.seq) <= distance(flow.expected, flow.gap);
  flow.gap = frame.seq;
  return fresh ? 'nak' : 'drop';
}

/** Every frame carries the acknowledgement. */
export function noteAckSent(flow: Flow): void {
  flow.unacknowledged = 0;
  flow.ackAt = Number.POSITIVE_INFINITY;
}

function add(seq: number, count: number): number {
  return (seq + count) & 0xffff;
}

/** How far `to` is after `from`, modulo 2¹⁶. */
function distance(from: number, to: number): number {
  return (to - from) & 0xffff;
}
