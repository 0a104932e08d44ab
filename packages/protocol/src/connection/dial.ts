/**
 * The initiator's hellos: SYN until somebody answers, ACK3 when the answer echoes our nonce. Refuses answers to
 * another SYN than its present one, and a connection number that does not follow from both nonces.
 * Spec: protocol-spec/2-link.md, "Connection".
 */
import { equalBytes } from '../bytes.ts';
import type { Frame } from '../frame/index.ts';
import { deriveNonce, encodeHello, nameConnection, readHelloAnswer } from './hello.ts';
import { goUp, write, writeFrame } from './live.ts';
import type { Phase, Turn } from './state.ts';
import { redialWait } from './timing.ts';

type Dialing = Extract<Phase, { kind: 'dialing' }>;

export function startDial(turn: Turn): void {
  const { state, now } = turn;
  const nonce = deriveNonce(state.seed, state.hellos++);
  const dialing: Dialing = { kind: 'dialing', nonce, attempt: 0, at: now, locked: false };
  state.phase = dialing;
  sayHello(turn, dialing);
}

/** The same nonce again: a slow answer to an earlier SYN is as good. */
export function sayHello(turn: Turn, dialing: Dialing): void {
  const { state, now } = turn;
  const payload = encodeHello({ nonce: dialing.nonce, window: state.window, resume: state.resume });
  write(turn, { from: 'initiator', type: 'SYN', connection: 0, seq: 0, ack: 0, payload });
  dialing.at = now + (dialing.locked ? state.timing.lockedRetry : redialWait(state.timing, dialing.attempt));
  dialing.attempt += 1;
}

/** Frames that reach an initiator outside of its connection; `false` if this one means nothing. */
export function takeAnswer(turn: Turn, frame: Frame): boolean {
  const { phase } = turn.state;
  if (phase.kind === 'dialing' && frame.type === 'LOCKED') return takeLocked(turn, phase, frame);
  if (frame.type !== 'SYN_ACK') return false;
  const answer = readHelloAnswer(frame.payload);
  if (answer === undefined) return false;
  if (phase.kind === 'up') {
    // Our ACK3 was lost.
    if (phase.live.connection !== frame.connection || !equalBytes(answer.echo, phase.live.ownNonce))
      return false;
    writeFrame(turn, phase.live, 'ACK3');
    return true;
  }
  if (phase.kind !== 'dialing' || !equalBytes(answer.echo, phase.nonce)) return false;
  if (frame.connection !== nameConnection(phase.nonce, answer.nonce)) return false;
  const { connection } = frame;
  const live = goUp(turn, {
    connection,
    ownNonce: phase.nonce,
    peerNonce: answer.nonce,
    peerResume: answer.resume,
    window: answer.window,
  });
  writeFrame(turn, live, 'ACK3');
  return true;
}

function takeLocked(turn: Turn, dialing: Dialing, frame: Frame): boolean {
  if (!equalBytes(frame.payload, dialing.nonce)) return false;
  if (!dialing.locked) turn.actions.push({ kind: 'locked' });
  dialing.locked = true;
  dialing.at = turn.now + turn.state.timing.lockedRetry;
  return true;
}
