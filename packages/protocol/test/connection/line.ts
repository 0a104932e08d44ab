/** A simulated line for the link's tests: two machines, a clock that only events move, seeded damage, a speed. */
import {
  createLink,
  type LinkAction,
  type LinkOptions,
  type LinkState,
  sendable,
  stepLink,
} from '../../src/connection/link.ts';

/** mulberry32: a small seeded generator, so that every run of a test is the same run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Damage = {
  readonly loss: number;
  readonly flip: number;
  readonly twice: number;
  readonly noise: number;
};
export const CLEAN: Damage = { loss: 0, flip: 0, twice: 0, noise: 0 };

export type End = {
  name: 'initiator' | 'responder';
  link: LinkState;
  received: number[][];
  downs: string[];
  ups: { connection: number; peerResume: Uint8Array }[];
  lockeds: number;
  wakeAt: number;
  /** When this end's transmitter is free again. */
  freeAt: number;
  written: number;
  delivered: number;
  onAction: ((action: LinkAction) => void) | undefined;
};

type Flight = { at: number; order: number; to: End; bytes: Uint8Array };

export class Line {
  now = 0;
  readonly ends: { initiator: End; responder: End };
  damage: Damage;
  /** Sees, and may replace, what goes over the line. */
  tap: ((from: End, bytes: Uint8Array) => Uint8Array[]) | undefined;
  readonly #random: () => number;
  readonly #baud: number;
  readonly #delay: number;
  readonly #flights: Flight[] = [];
  #order = 0;
  #boots = 0;

  constructor(options: { seed: number; baud?: number; delay?: number; damage?: Damage; window?: number }) {
    this.#random = seededRandom(options.seed);
    this.#baud = options.baud ?? 0;
    this.#delay = options.delay ?? 1;
    this.damage = options.damage ?? CLEAN;
    const timing = { baud: this.#baud };
    const window = options.window ?? 8;
    this.ends = {
      initiator: makeEnd('initiator', { role: 'initiator', window, timing }),
      responder: makeEnd('responder', { role: 'responder', window, timing }),
    };
  }

  other(end: End): End {
    return end.name === 'initiator' ? this.ends.responder : this.ends.initiator;
  }

  open(end: End, resume = new Uint8Array(0)): void {
    const nonce = new Uint8Array(16).fill(end.name === 'initiator' ? 0xa0 : 0xb0);
    new DataView(nonce.buffer).setUint32(0, ++this.#boots);
    this.step(end, stepLink(end.link, { kind: 'open', nonce, resume, now: this.now }).actions);
  }

  openBoth(): void {
    this.open(this.ends.responder);
    this.open(this.ends.initiator);
  }

  /** Power off and on: the machine is new, its last words may still be on the line. */
  reboot(end: End): void {
    const fresh = makeEnd(end.name, { role: end.name, window: end.link.window, timing: end.link.timing });
    end.link = fresh.link;
    end.wakeAt = Number.POSITIVE_INFINITY;
    end.received.push([]);
    this.open(end);
  }

  send(end: End, bytes: Uint8Array): void {
    this.step(end, stepLink(end.link, { kind: 'send', bytes, now: this.now }).actions);
  }

  inject(to: End, bytes: Uint8Array): void {
    this.step(to, stepLink(to.link, { kind: 'bytes', bytes, now: this.now }).actions);
  }

  step(end: End, actions: readonly LinkAction[]): void {
    for (const action of actions) this.#act(end, action);
  }

  #act(end: End, action: LinkAction): void {
    if (action.kind === 'write') this.#carry(end, action.bytes);
    if (action.kind === 'wake') end.wakeAt = action.at;
    if (action.kind === 'down') end.downs.push(action.reason);
    if (action.kind === 'locked') end.lockeds += 1;
    if (action.kind === 'up') {
      end.ups.push({ connection: action.connection, peerResume: action.peerResume });
      end.received.push([]);
    }
    if (action.kind === 'deliver') {
      end.delivered += action.bytes.length;
      for (const byte of action.bytes) end.received[end.received.length - 1]?.push(byte);
    }
    end.onAction?.(action);
  }

  #carry(end: End, bytes: Uint8Array): void {
    end.written += bytes.length;
    const took = this.#baud === 0 ? 0 : (bytes.length * 10_000) / this.#baud;
    end.freeAt = Math.max(end.freeAt, this.now) + took;
    for (const piece of this.tap?.(end, bytes) ?? [bytes]) {
      for (const damaged of this.#harm(piece)) {
        this.#flights.push({
          at: end.freeAt + this.#delay,
          order: this.#order++,
          to: this.other(end),
          bytes: damaged,
        });
      }
    }
  }

  #harm(bytes: Uint8Array): Uint8Array[] {
    const { loss, flip, twice, noise } = this.damage;
    if (this.#random() < loss) return [];
    let out = bytes;
    if (this.#random() < flip) {
      out = bytes.slice();
      const at = Math.floor(this.#random() * out.length);
      out[at] = (out[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    }
    const pieces = this.#random() < twice ? [out, out] : [out];
    if (this.#random() < noise) {
      pieces.push(Uint8Array.from({ length: 40 }, () => Math.floor(this.#random() * 256)));
    }
    return pieces;
  }

  /** Lets events happen until `done` or until the clock passes `until`; returns whether it was done. */
  run(until: number, done: () => boolean = () => false): boolean {
    for (let steps = 0; steps < 2_000_000; steps++) {
      if (done()) return true;
      const flight = this.#nextFlight();
      const ends = [this.ends.initiator, this.ends.responder];
      const woken = ends.reduce((first, end) => (end.wakeAt < first.wakeAt ? end : first));
      const at = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, woken.wakeAt);
      if (at > until) {
        this.now = until;
        return done();
      }
      this.now = Math.max(this.now, at);
      if (flight !== undefined && flight.at <= woken.wakeAt) {
        this.#flights.splice(this.#flights.indexOf(flight), 1);
        this.inject(flight.to, flight.bytes);
      } else {
        woken.wakeAt = Number.POSITIVE_INFINITY;
        this.step(woken, stepLink(woken.link, { kind: 'timer', now: this.now }).actions);
      }
    }
    throw new Error('the line does not come to rest');
  }

  #nextFlight(): Flight | undefined {
    let first: Flight | undefined;
    for (const flight of this.#flights) {
      if (
        first === undefined ||
        flight.at < first.at ||
        (flight.at === first.at && flight.order < first.order)
      ) {
        first = flight;
      }
    }
    return first;
  }
}

function makeEnd(name: 'initiator' | 'responder', options: LinkOptions): End {
  return {
    name,
    link: createLink(options),
    received: [],
    downs: [],
    ups: [],
    lockeds: 0,
    wakeAt: Number.POSITIVE_INFINITY,
    freeAt: 0,
    written: 0,
    delivered: 0,
    onAction: undefined,
  };
}

/** Sends all of `bytes` as room comes up, on whatever connection there is; for lines that stay up. */
export function feed(line: Line, end: End, bytes: Uint8Array): () => boolean {
  let sent = 0;
  return () => {
    const room = Math.min(sendable(end.link), bytes.length - sent);
    if (room > 0) {
      line.send(end, bytes.subarray(sent, sent + room));
      sent += room;
    }
    return sent === bytes.length;
  };
}

export function patternBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
