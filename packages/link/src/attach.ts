/**
 * Joins a port, the link's machine and the clock. What the machine asks for is done in order, one thing after the other, also
 * when the owner sends, locks or closes from within a call of its own. Spec: protocol-spec/2-link.md.
 */
import {
  countLink,
  createLink,
  type LinkAction,
  type LinkCounts,
  type LinkEvent,
  sendable,
  stepLink,
  type Timing,
} from '@coldwire/protocol/connection/index.ts';
import type { FaultCounts, LinkRole } from '@coldwire/protocol/frame/index.ts';
import { Noise, type TellNoise } from './noise.ts';
import type { Port } from './port.ts';

export type LinkOwner = {
  readonly role: LinkRole;
  /** 1…8, by default 8. */
  readonly window?: number;
  /** Bits a second of the line; 0 for FIFOs and pipes. */
  readonly baud: number;
  readonly timing?: Partial<Omit<Timing, 'baud'>>;
  /** 16 bytes that no run of any program has used before: random for a vault, a counter on disk for a signer. */
  readonly nextNonce: () => Uint8Array;
  /** What the next hello tells the peer, at most 64 bytes. Asked before each step that may say hello. */
  readonly resume: () => Uint8Array;
  readonly onUp: (peerResume: Uint8Array, connection: number) => void;
  readonly onDown: (reason: string) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Called after every step while the connection is up and `sendable` is above 0. */
  readonly onRoom: () => void;
  /** The peer says that it is locked. */
  readonly onLocked?: () => void;
  /** Frames were dropped. */
  readonly onNoise?: TellNoise;
  /** The port is gone; `stop` and attach another. */
  readonly onEnd: (error: Error | undefined) => void;
};

export type Link = {
  /** Lost when the connection is not up. @throws Error above `sendable` while it is */
  send(bytes: Uint8Array): void;
  sendable(): number;
  /** Ends this connection: not a byte more comes from it. The initiator dials again after a while. */
  close(reason: string): void;
  lock(on: boolean): void;
  counts(): LinkCounts & { readonly faults: FaultCounts; readonly dropped: number };
  /** Ends the connection and closes the port. */
  stop(): Promise<void>;
};

/** Starts at once: the initiator dials, the responder listens. */
export function attachLink(port: Port, owner: LinkOwner): Link {
  const state = createLink({
    role: owner.role,
    ...(owner.window === undefined ? {} : { window: owner.window }),
    timing: { ...owner.timing, baud: owner.baud },
  });
  const actions: LinkAction[] = [];
  let acting = false;
  let stopped = false;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;

  const step = (event: LinkEvent) => {
    actions.push(...stepLink(state, event).actions);
    if (acting) return;
    acting = true;
    try {
      do {
        for (let action = actions.shift(); action !== undefined; action = actions.shift()) act(action);
        if (sendable(state) > 0) owner.onRoom();
      } while (actions.length > 0);
    } finally {
      acting = false;
    }
  };
  const act = (action: LinkAction) => {
    switch (action.kind) {
      case 'write':
        if (!port.write(action.bytes)) dropped += 1;
        return;
      case 'deliver':
        owner.onBytes(action.bytes);
        return;
      case 'up':
        owner.onUp(action.peerResume, action.connection);
        return;
      case 'down':
        owner.onDown(action.reason);
        return;
      case 'locked':
        owner.onLocked?.();
        return;
      case 'wake':
        wake(action.at);
        return;
    }
  };
  const wake = (at: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => stepFresh({ kind: 'timer', now: now() }), Math.max(0, Math.ceil(at - now())));
  };
  /** For events that may make the machine say hello: it first learns what a hello has to say now. */
  const stepFresh = (event: LinkEvent) => {
    actions.push(...stepLink(state, { kind: 'resume', resume: owner.resume(), now: event.now }).actions);
    step(event);
  };

  const noise = new Noise(
    () => countLink(state).faults,
    (code, frames) => owner.onNoise?.(code, frames),
  );
  port.onBytes((bytes) => {
    if (stopped) return;
    stepFresh({ kind: 'bytes', bytes, now: now() });
    noise.look();
  });
  port.onEnd((error) => {
    if (!stopped) owner.onEnd(error);
  });
  step({ kind: 'open', nonce: owner.nextNonce(), resume: owner.resume(), now: now() });
  return {
    send: (bytes) => step({ kind: 'send', bytes, now: now() }),
    sendable: () => sendable(state),
    close(reason) {
      // What this connection has delivered and the owner has not seen yet is no longer wanted.
      const rest = actions.filter((action) => action.kind !== 'deliver');
      actions.splice(0, actions.length, ...rest);
      step({ kind: 'close', reason, now: now() });
    },
    lock: (on) => step({ kind: 'lock', on, now: now() }),
    counts: () => ({ ...countLink(state), dropped }),
    async stop() {
      step({ kind: 'stop', now: now() });
      stopped = true;
      clearTimeout(timer);
      noise.stop();
      await port.close();
    },
  };
}

function now(): number {
  return performance.now();
}
