/**
 * The responder's hellos. One connection may be half open beside the live one and replaces it only when the peer has
 * echoed our fresh nonce by its number: a SYN that somebody recorded ends nothing. While locked, every SYN is answered
 * with LOCKED. Spec: protocol-spec/2-link.md, "Connection".
 */
import { equalBytes } from '../bytes.ts';
import { encodeFrame, type Frame } from '../frame/index.ts';
import { deriveNonce, encodeHelloAnswer, nameConnection, readHello } from './hello.ts';
import { goDown, goUp, takeLiveFrame, write } from './live.ts';
import type { Pending, Turn } from './state.ts';
import { redialWait } from './timing.ts';

const NOTHING = new Uint8Array(0);
const ANSWERS = 5;
const RESET_PAUSE = 250;

/** Frames that reach a responder outside of its connection; `false` if this one means nothing. */
export function takeCall(turn: Turn, frame: Frame): boolean {
  const { state } = turn;
  if (state.phase.kind === 'stopped') return false;
  if (frame.type === 'SYN') return takeSyn(turn, frame);
  const { pending } = state;
  if (pending !== undefined && frame.connection === pending.connection) {
    state.pending = undefined;
    // Any of its frames shows that the peer has our nonce; ACK3 is only the first.
    if (frame.type !== 'RESET') takeThirdHello(turn, pending, frame);
    return true;
  }
  if (state.phase.kind === 'listening') refuseUnknown(turn, frame);
  return false;
}

function takeSyn(turn: Turn, frame: Frame): boolean {
  const { state } = turn;
  const hello = readHello(frame.payload);
  if (hello === undefined) return false;
  if (state.locked) {
    write(turn, { from: 'responder', type: 'LOCKED', connection: 0, seq: 0, ack: 0, payload: hello.nonce });
    return true;
  }
  if (state.phase.kind === 'up' && equalBytes(state.phase.live.peerNonce, hello.nonce)) return false;
  if (state.pending === undefined || !equalBytes(state.pending.peerNonce, hello.nonce)) {
    state.pending = answerHello(turn, hello.nonce, hello.window, hello.resume);
  }
  sayAnswer(turn, state.pending);
  return true;
}

function answerHello(turn: Turn, peerNonce: Uint8Array, window: number, peerResume: Uint8Array): Pending {
  const { state, now } = turn;
  const ownNonce = deriveNonce(state.seed, state.hellos++);
  const connection = nameConnection(peerNonce, ownNonce);
  const payload = encodeHelloAnswer({
    nonce: ownNonce,
    echo: peerNonce,
    window: state.window,
    resume: state.resume,
  });
  const answer = encodeFrame({ from: 'responder', type: 'SYN_ACK', connection, seq: 0, ack: 0, payload });
  return { connection, ownNonce, peerNonce, peerResume, window, answer, attempt: 0, at: now };
}

/** Says the answer, or forgets it when it was said often enough. */
export function sayAnswer(turn: Turn, pending: Pending): void {
  const { state, now } = turn;
  if (pending.attempt >= ANSWERS) {
    state.pending = undefined;
    return;
  }
  pending.at = now + redialWait(state.timing, pending.attempt);
  pending.attempt += 1;
  state.counts.framesOut += 1;
  turn.actions.push({ kind: 'write', bytes: pending.answer });
}

function takeThirdHello(turn: Turn, pending: Pending, frame: Frame): void {
  const { phase } = turn.state;
  if (phase.kind === 'up') goDown(turn, phase.live, 'the peer opened another connection', false);
  takeLiveFrame(turn, goUp(turn, pending), frame);
}

/** Lets a peer that outlived our reboot know at once. Seldom, and never for a RESET, so that no two sides play ball. */
function refuseUnknown(turn: Turn, frame: Frame): void {
  const { state, now } = turn;
  if (frame.type === 'RESET' || now < state.resetAt) return;
  state.resetAt = now + RESET_PAUSE;
  const { connection } = frame;
  write(turn, { from: 'responder', type: 'RESET', connection, seq: 0, ack: 0, payload: NOTHING });
}
