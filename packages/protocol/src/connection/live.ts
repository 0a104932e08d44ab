/**
 * A live connection: its frames, its timers, and its end. Frames that do not bear its number never come here.
 * Spec: protocol-spec/2-link.md, "Data" and "Timers".
 */
import { encodeFrame, type Frame, type FrameType } from '../frame/index.ts';
import { noteAckSent, openFlow, takeAck, takeData, takeNak, takeSendable, takeTimeout } from './flow.ts';
import type { Live, Turn } from './state.ts';
import { redialWait, silenceLimit } from './timing.ts';

const NOTHING = new Uint8Array(0);
/** A connection that lived this long was a good one: the next dial does not wait. */
const GOOD_LIFE = 10_000;

export function goUp(
  turn: Turn,
  hello: {
    connection: number;
    ownNonce: Uint8Array;
    peerNonce: Uint8Array;
    peerResume: Uint8Array;
    window: number;
  },
): Live {
  const { connection, ownNonce, peerNonce, peerResume, window } = hello;
  const flow = openFlow(Math.min(window, turn.state.window), turn.state.timing);
  const live = {
    connection,
    ownNonce,
    peerNonce,
    flow,
    upAt: turn.now,
    heardAt: turn.now,
    spokeAt: turn.now,
  };
  turn.state.phase = { kind: 'up', live };
  turn.actions.push({ kind: 'up', connection, peerResume });
  return live;
}

/** Ends the connection. `tell`: whether the peer hears of it by a RESET. */
export function goDown(turn: Turn, live: Live, reason: string, tell: boolean): void {
  const { state, now } = turn;
  if (tell) writeFrame(turn, live, 'RESET');
  state.failures = now - live.upAt >= GOOD_LIFE ? 0 : state.failures + 1;
  state.phase =
    state.role === 'responder'
      ? { kind: 'listening' }
      : { kind: 'resting', at: now + redialWait(state.timing, state.failures - 1) };
  turn.actions.push({ kind: 'down', reason });
}

export function writeFrame(
  turn: Turn,
  live: Live,
  type: FrameType,
  seq = 0,
  payload: Uint8Array = NOTHING,
): void {
  const { state } = turn;
  const acks = type !== 'RESET' && type !== 'ACK3';
  const ack = acks ? live.flow.expected : 0;
  write(turn, { from: state.role, type, connection: live.connection, seq, ack, payload });
  if (acks) noteAckSent(live.flow);
  live.spokeAt = turn.now;
}

/** Writes a frame of any kind. */
export function write(turn: Turn, frame: Frame): void {
  turn.state.counts.framesOut += 1;
  turn.actions.push({ kind: 'write', bytes: encodeFrame(frame) });
}

export function takeLiveFrame(turn: Turn, live: Live, frame: Frame): void {
  live.heardAt = turn.now;
  switch (frame.type) {
    case 'RESET':
      goDown(turn, live, 'the peer ended the connection', false);
      return;
    case 'DATA':
    case 'ACK':
    case 'NAK':
    case 'KEEPALIVE':
      takeFlowFrame(turn, live, frame);
      return;
    case 'SYN_ACK':
    case 'ACK3':
    case 'SYN':
    case 'LOCKED':
      // Hellos of this same connection, late or again: the roles deal with them.
      return;
  }
}

function takeFlowFrame(turn: Turn, live: Live, frame: Frame): void {
  const { flow } = live;
  if (!takeAck(flow, frame.ack, turn.now)) {
    turn.state.counts.strays += 1;
    return;
  }
  if (frame.type === 'NAK') takeNak(flow, frame.ack, turn.now);
  if (frame.type !== 'DATA') return;
  const taken = takeData(flow, frame, turn.now);
  if (taken === 'deliver') turn.actions.push({ kind: 'deliver', bytes: frame.payload });
  if (taken === 'nak') writeFrame(turn, live, 'NAK');
}

/** Sends what the window lets go; DATA carries the acknowledgement, else it goes by itself when due. */
export function pump(turn: Turn, live: Live): void {
  const { flow } = live;
  for (const part of takeSendable(flow, turn.now)) {
    if (part.again) turn.state.counts.resent += 1;
    writeFrame(turn, live, 'DATA', part.seq, part.payload);
  }
  if (flow.ackAt <= turn.now) writeFrame(turn, live, 'ACK');
}

export function checkLiveTimers(turn: Turn, live: Live): void {
  const { state, now } = turn;
  if (now >= live.heardAt + silenceLimit(state.timing)) {
    goDown(turn, live, 'the peer is silent', true);
    return;
  }
  if (now >= live.flow.retransmitAt) takeTimeout(live.flow, now);
  if (now >= live.spokeAt + state.timing.keepAlive) writeFrame(turn, live, 'KEEPALIVE');
}

export function nextLiveTimer(turn: Turn, live: Live): number {
  const { timing } = turn.state;
  return Math.min(
    live.heardAt + silenceLimit(timing),
    live.flow.retransmitAt,
    live.spokeAt + timing.keepAlive,
    live.flow.ackAt,
  );
}
