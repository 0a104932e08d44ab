/**
 * How long the link waits, in ms. A slow line is no reason to send again: waits grow with the time that the bytes in
 * question need at the line's speed, and with the round trips seen (RFC 6298). Spec: protocol-spec/2-link.md, "Timers".
 */
import { MAX_FRAME } from '../frame/frame.ts';
import { MAX_WINDOW } from './hello.ts';

/** `baud`: bits a second on the line, ten to a byte; 0 when the line has no speed of its own (pipe, pty). */
export type Timing = {
  readonly baud: number;
  readonly keepAlive: number;
  readonly silence: number;
  readonly redialMax: number;
  readonly lockedRetry: number;
};

export const DEFAULT_TIMING: Timing = {
  baud: 0,
  keepAlive: 5_000,
  silence: 20_000,
  redialMax: 10_000,
  lockedRetry: 5_000,
};

const RTO_BASE = 250;
const RTO_MAX = 60_000;
const REDIAL_BASE = 250;
const ACK_DELAY = 20;

/** Time that `bytes` take on the line. */
export function lineTime(timing: Timing, bytes: number): number {
  return timing.baud === 0 ? 0 : (bytes * 10_000) / timing.baud;
}

/** How long an acknowledgement may wait for a DATA frame to ride on. Below three frames it would cost goodput. */
export function ackDelay(timing: Timing): number {
  return Math.max(ACK_DELAY, lineTime(timing, 3 * MAX_FRAME));
}

/** Least time until `outstanding` bytes of ours are sent, and acknowledged behind a full window of the peer's. */
export function leastTimeout(timing: Timing, outstanding: number): number {
  return RTO_BASE + ackDelay(timing) + lineTime(timing, outstanding + MAX_WINDOW * MAX_FRAME);
}

/** The wait before the `attempt`-th (0, 1, …) retransmission. */
export function backOff(wait: number, attempt: number): number {
  return Math.max(wait, Math.min(RTO_MAX, wait * 2 ** Math.min(attempt, 16)));
}

/** The wait before the next SYN after `attempt` unanswered ones. */
export function redialWait(timing: Timing, attempt: number): number {
  const wait = REDIAL_BASE + lineTime(timing, 2 * MAX_FRAME);
  return Math.max(wait, Math.min(timing.redialMax, wait * 2 ** Math.min(attempt, 16)));
}

/** Silence after which the peer counts as gone: never less than three keep-alives behind full windows. */
export function silenceLimit(timing: Timing): number {
  return Math.max(timing.silence, 3 * (timing.keepAlive + lineTime(timing, MAX_WINDOW * MAX_FRAME)));
}

/** Smoothed round trip (RFC 6298 §2), fed only with frames that were sent once (Karn). */
export type RoundTrip = { smoothed: number | undefined; deviation: number };

export function addRoundTrip(trip: RoundTrip, sample: number): void {
  if (trip.smoothed === undefined) {
    trip.smoothed = sample;
    trip.deviation = sample / 2;
    return;
  }
  trip.deviation += (Math.abs(trip.smoothed - sample) - trip.deviation) / 4;
  trip.smoothed += (sample - trip.smoothed) / 8;
}

export function retransmitWait(timing: Timing, trip: RoundTrip, outstanding: number): number {
  const least = leastTimeout(timing, outstanding);
  return trip.smoothed === undefined
    ? Math.max(1_000, least)
    : Math.max(least, trip.smoothed + 4 * trip.deviation);
}
