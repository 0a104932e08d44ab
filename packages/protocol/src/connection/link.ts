/**
 * The link's machine: frames in and out, one connection at a time, a reliable byte stream each way. Pure: clock, nonces
 * and the line are events, and what to do comes back as actions. Damaged, stray and hostile bytes are dropped and
 * counted; they never throw, never grow a buffer, and never make it answer with more than a few frames.
 * Spec: protocol-spec/2-link.md.
 */
import { type FaultCounts, type Frame, FrameDecoder, MAX_RESUME, NONCE_BYTES } from '../frame/index.ts';
import { sayHello, startDial, takeAnswer } from './dial.ts';
import { queueBytes } from './flow.ts';
import { MAX_WINDOW } from './hello.ts';
import { sayAnswer, takeCall } from './listen.ts';
import { checkLiveTimers, goDown, nextLiveTimer, pump, takeLiveFrame } from './live.ts';
import type { LinkAction, LinkCounts, LinkEvent, LinkOptions, LinkState, Turn } from './state.ts';
import { DEFAULT_TIMING } from './timing.ts';

export type { LinkAction, LinkCounts, LinkEvent, LinkOptions, LinkState } from './state.ts';

/** @throws Error if the window is not 1…8 */
export function createLink(options: LinkOptions): LinkState {
  const window = options.window ?? MAX_WINDOW;
  if (!Number.isInteger(window) || window < 1 || window > MAX_WINDOW)
    throw new Error(`link: window ${window}`);
  return {
    role: options.role,
    window,
    timing: { ...DEFAULT_TIMING, ...options.timing },
    decoder: new FrameDecoder(),
    counts: { framesIn: 0, framesOut: 0, resent: 0, strays: 0 },
    phase: { kind: 'stopped' },
    pending: undefined,
    locked: false,
    seed: new Uint8Array(NONCE_BYTES),
    resume: new Uint8Array(0),
    hellos: 0,
    failures: 0,
    resetAt: Number.NEGATIVE_INFINITY,
    wakeAt: Number.POSITIVE_INFINITY,
  };
}

/**
 * Changes `state` in place and returns it with what to do, in order. Arrays in actions are the caller's to keep.
 * @throws Error on what only the owner can do wrong: more bytes than `sendable`, a nonce or resume of a wrong length
 */
export function stepLink(state: LinkState, event: LinkEvent): { state: LinkState; actions: LinkAction[] } {
  const turn: Turn = { state, now: event.now, actions: [] };
  takeEvent(turn, event);
  if (state.phase.kind === 'up') pump(turn, state.phase.live);
  const at = nextTimer(turn);
  if (at !== state.wakeAt && at !== Number.POSITIVE_INFINITY) turn.actions.push({ kind: 'wake', at });
  state.wakeAt = at;
  return { state, actions: turn.actions };
}

/** Bytes that `send` takes now. 0 unless the connection is up. */
export function sendable(state: LinkState): number {
  return state.phase.kind === 'up'
    ? state.phase.live.flow.unsent.length - state.phase.live.flow.unsentLength
    : 0;
}

/** What went over the line and what was dropped, since the link was made. */
export function countLink(state: LinkState): LinkCounts & { readonly faults: FaultCounts } {
  return { ...state.counts, faults: { ...state.decoder.faults } };
}

function takeEvent(turn: Turn, event: LinkEvent): void {
  const { state } = turn;
  switch (event.kind) {
    case 'open':
      takeOpen(turn, event.nonce, event.resume);
      return;
    case 'resume':
      setResume(state, event.resume);
      return;
    case 'bytes':
      for (const frame of state.decoder.push(event.bytes)) takeFrame(turn, frame);
      return;
    case 'send':
      // The owner may not have heard yet that the connection is gone: then so are these bytes.
      if (state.phase.kind === 'up') queueBytes(state.phase.live.flow, event.bytes);
      return;
    case 'timer':
      state.wakeAt = Number.POSITIVE_INFINITY;
      checkTimers(turn);
      return;
    case 'close':
      if (state.phase.kind === 'up') goDown(turn, state.phase.live, event.reason, true);
      return;
    case 'lock':
      takeLock(turn, event.on);
      return;
    case 'stop':
      if (state.phase.kind === 'up') goDown(turn, state.phase.live, 'stopped', true);
      state.phase = { kind: 'stopped' };
      state.pending = undefined;
      return;
  }
}

function takeOpen(turn: Turn, nonce: Uint8Array, resume: Uint8Array): void {
  const { state } = turn;
  if (nonce.length !== NONCE_BYTES)
    throw new Error(`link: a nonce of ${nonce.length} bytes, not ${NONCE_BYTES}`);
  setResume(state, resume);
  state.seed = nonce.slice();
  state.hellos = 0;
  if (state.role === 'responder') {
    if (state.phase.kind === 'stopped') state.phase = { kind: 'listening' };
    return;
  }
  if (state.phase.kind === 'up') goDown(turn, state.phase.live, 'opened anew', true);
  startDial(turn);
}

function setResume(state: LinkState, resume: Uint8Array): void {
  if (resume.length > MAX_RESUME)
    throw new Error(`link: a resume of ${resume.length} bytes, at most ${MAX_RESUME}`);
  state.resume = resume.slice();
}

function takeLock(turn: Turn, on: boolean): void {
  const { state } = turn;
  state.locked = on;
  if (!on) return;
  state.pending = undefined;
  if (state.phase.kind === 'up') goDown(turn, state.phase.live, 'locked', true);
}

function takeFrame(turn: Turn, frame: Frame): void {
  const { state } = turn;
  state.counts.framesIn += 1;
  if (frame.from === state.role) {
    state.counts.strays += 1;
    return;
  }
  const known = state.phase.kind === 'up' && frame.connection === state.phase.live.connection;
  if (state.phase.kind === 'up' && known) takeLiveFrame(turn, state.phase.live, frame);
  const meant = state.role === 'initiator' ? takeAnswer(turn, frame) : !known && takeCall(turn, frame);
  if (!known && !meant) state.counts.strays += 1;
}

function checkTimers(turn: Turn): void {
  const { state, now } = turn;
  const { phase, pending } = state;
  if (pending !== undefined && now >= pending.at) sayAnswer(turn, pending);
  if (phase.kind === 'up') checkLiveTimers(turn, phase.live);
  if (phase.kind === 'dialing' && now >= phase.at) sayHello(turn, phase);
  if (phase.kind === 'resting' && now >= phase.at) startDial(turn);
}

function nextTimer(turn: Turn): number {
  const { phase, pending } = turn.state;
  const half = pending === undefined ? Number.POSITIVE_INFINITY : pending.at;
  if (phase.kind === 'up') return Math.min(half, nextLiveTimer(turn, phase.live));
  if (phase.kind === 'dialing' || phase.kind === 'resting') return Math.min(half, phase.at);
  return half;
}
