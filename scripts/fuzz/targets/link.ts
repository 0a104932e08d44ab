/**
 * Two link machines and a line in between that the input plays: it delivers, drops, repeats, damages and reorders frames, lets
 * time pass, sends, closes, locks, and forges frames of the connection that is up. Nothing throws and no step answers with
 * more than a few frames; as long as nothing was forged, what is delivered is the beginning of what was sent.
 */
import {
  createLink,
  type LinkEvent,
  type LinkState,
  sendable,
  stepLink,
} from '@coldwire/protocol/connection/link.ts';
import { frame } from '../mutate/frames.ts';
import { assertHolds, type Target } from '../target.ts';

const MOST_FRAMES = 64;

class End {
  readonly link: LinkState;
  /** Frames on their way to the other end. */
  readonly flying: Uint8Array[] = [];
  sent: number[] = [];
  received: number[] = [];
  connection = 0;
  #nonces = 0;
  readonly #mark: number;

  constructor(role: 'initiator' | 'responder') {
    this.link = createLink({ role, timing: { baud: 0 } });
    this.#mark = role === 'initiator' ? 0xa0 : 0xb0;
  }

  step(event: LinkEvent): void {
    const { actions } = stepLink(this.link, event);
    let frames = 0;
    for (const action of actions) {
      if (action.kind === 'write') {
        frames += 1;
        this.flying.push(action.bytes.subarray(1, -1));
      }
      if (action.kind === 'deliver') this.received.push(...action.bytes);
      if (action.kind !== 'up') continue;
      this.connection = action.connection;
      this.sent = [];
      this.received = [];
    }
    assertHolds(frames <= MOST_FRAMES, 'a step answers with few frames');
    this.flying.splice(0, Math.max(0, this.flying.length - 256));
  }

  open(now: number): void {
    const nonce = new Uint8Array(16).fill(this.#mark);
    nonce[0] = ++this.#nonces;
    this.step({ kind: 'open', nonce, resume: Uint8Array.of(1), now });
  }

  send(length: number, now: number): void {
    const bytes = Uint8Array.from({ length: Math.min(length, sendable(this.link)) }, (_, at) => at & 0xff);
    if (bytes.length === 0) return;
    this.sent.push(...bytes);
    this.step({ kind: 'send', bytes, now });
  }
}

function forge(connection: number, [mark = 0, seq = 0, ack = 0, length = 0]: Uint8Array): Uint8Array {
  const plain = new Uint8Array(12 + length).fill(mark);
  const view = new DataView(plain.buffer);
  view.setUint16(0, mark);
  view.setUint32(2, mark & 0x40 ? 0 : connection);
  view.setUint16(6, mark & 0x20 ? 0 : seq);
  view.setUint16(8, mark & 0x10 ? 0 : ack);
  view.setUint16(10, length);
  return frame(plain);
}

function checkStream(from: End, to: End): void {
  if (from.connection !== to.connection || to.received.length === 0) return;
  const prefix = to.received.every((byte, at) => byte === from.sent[at]);
  assertHolds(prefix, 'what is delivered is the beginning of what was sent');
}

class Play {
  readonly ends = [new End('initiator'), new End('responder')] as const;
  readonly #script: Uint8Array;
  #at = 0;
  #now = 0;
  #forged = false;

  constructor(script: Uint8Array) {
    this.#script = script;
  }

  #next(): number {
    this.#at += 1;
    return this.#script[this.#at - 1] ?? 0;
  }

  run(): void {
    for (const end of this.ends) end.open(this.#now);
    while (this.#at < this.#script.length) this.#act(this.#next());
    const [first, second] = this.ends;
    if (this.#forged) return;
    checkStream(first, second);
    checkStream(second, first);
  }

  #act(op: number): void {
    const [first, second] = this.ends;
    const end = op & 1 ? first : second;
    const other = op & 1 ? second : first;
    const now = this.#now;
    switch ((op >> 1) % 12) {
      case 0:
      case 1:
      case 2:
        this.#deliver(end, other, end.flying.shift());
        return;
      case 3:
        this.#deliver(end, other, end.flying[0]);
        return;
      case 4:
        end.flying.shift();
        return;
      case 5:
        this.#damage(end);
        return;
      case 6:
        this.#now += 2 ** (this.#next() % 16);
        for (const one of this.ends) one.step({ kind: 'timer', now: this.#now });
        return;
      case 7:
        end.send(this.#next() * 8, now);
        return;
      case 8:
        this.#forged = true;
        end.flying.unshift(forge(end.connection, this.#take(4)));
        return;
      case 9:
        end.flying.unshift(this.#take(this.#next() % 32));
        return;
      case 10:
        end.flying.push(...end.flying.splice(0, 1));
        return;
      default:
        this.#command(end, this.#next());
    }
  }

  #deliver(from: End, to: End, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return;
    to.step({ kind: 'bytes', bytes: Uint8Array.of(0, ...bytes, 0), now: this.#now });
    if (!this.#forged) checkStream(from, to);
  }

  #damage(end: End): void {
    const [bytes] = end.flying;
    const at = this.#next() % Math.max(1, bytes?.length ?? 0);
    const damaged = Uint8Array.from(bytes ?? []);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (this.#next() % 8));
    if (bytes !== undefined) end.flying[0] = damaged;
  }

  #take(length: number): Uint8Array {
    this.#at += length;
    return this.#script.slice(this.#at - length, this.#at);
  }

  #command(end: End, which: number): void {
    const now = this.#now;
    if (which < 64) end.step({ kind: 'close', reason: 'asked for', now });
    else if (which < 128) end.step({ kind: 'lock', on: which < 96, now });
    else if (which < 160) end.step({ kind: 'stop', now });
    else end.open(now);
  }
}

/** Hello, answer, third hello; then data both ways, acknowledged. */
const GREETING = [1, 0, 1, 0, 1, 0];
const TRAFFIC = [15, 40, 14, 90, 1, 0, 1, 0, 1, 0, 13, 9, 1, 0, 1, 0];

export const target: Target = {
  seeds: [
    Uint8Array.from(GREETING),
    Uint8Array.from([...GREETING, ...TRAFFIC, ...TRAFFIC]),
    Uint8Array.from([...GREETING, 15, 255, 9, 1, 1, 1, 13, 12, 1, 1, 1, 0, 0]),
    Uint8Array.from([...GREETING, 17, 0x04, 0, 0, 5, 1, 1, 0, 17, 0x84, 1, 0, 3, 1, 0]),
    Uint8Array.from([...GREETING, 23, 10, 13, 14, 1, 0, 1, 23, 200, 1, 0, 1, 0]),
  ],
  maxLength: 600,
  run: (input) => new Play(input).run(),
};
