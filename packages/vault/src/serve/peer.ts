/**
 * A signer or gate as the loops see it: its line, whether it is there, and what it last said about itself.
 * Requests whose result only matters now (`request`) fail when the peer leaves; those of the queue (`ask`) stay open.
 */
import { randomBytes } from 'node:crypto';
import { decode, type Hello, type MessageType, Refused } from '@coldwire/protocol';
import {
  type Readiness,
  type Reply,
  Session,
  type SessionEvents,
  type SessionOptions,
} from '../session/session.ts';
import type { Bell } from './bell.ts';
import type { Report } from './report.ts';
import type { PeerView } from './status.ts';

export function freshId(): Uint8Array {
  return new Uint8Array(randomBytes(16));
}

/** The peer left before it answered. */
export class Away extends Error {
  constructor(name: string) {
    super(`${name} is away`);
    this.name = 'Away';
  }
}

export interface Refusal {
  readonly code: string;
  readonly facts: ReadonlyMap<string, string>;
}

/** The refusals of a REFUSED; a peer that refuses in no known form has refused all the same. */
export function readRefusals(body: Uint8Array): readonly Refusal[] {
  const refused = decode(Refused, body);
  if (!refused.ok) return [{ code: 'MALFORMED', facts: new Map() }];
  return refused.value.refusals.map(({ code, facts }) => ({ code, facts: new Map(facts) }));
}

export class Peer implements SessionEvents {
  readonly name: string;
  /** Its link key, as the line expects it. */
  readonly key: Uint8Array;
  readonly #session: Session;
  readonly #report: Report;
  readonly #bell: Bell;
  readonly #leave = new Set<() => void>();
  #hello: Hello | undefined;
  #hellos = 0;
  #stopping = false;
  #since = Date.now();

  constructor(options: SessionOptions, report: Report, bell: Bell) {
    this.name = options.line.peer;
    this.key = options.line.peerKey;
    this.#report = report;
    this.#bell = bell;
    this.#session = new Session(options, this);
  }

  get ready(): boolean {
    return this.#session.readiness === 'ready';
  }

  get readiness(): Readiness {
    return this.#session.readiness;
  }

  /** For status. */
  get view(): PeerView {
    const { name, readiness } = this;
    return { name, readiness, since: this.#since, frozen: this.#hello?.frozen === true };
  }

  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** How often it has introduced itself: what was known of it before is no longer certain. */
  get hellos(): number {
    return this.#hellos;
  }

  /** Resolves with the result, whenever it comes. @param id as the queue has stored it */
  ask(type: MessageType, id: Uint8Array, body: Uint8Array): Promise<Reply> {
    return this.#session.ask(type, id, body);
  }

  forget(id: Uint8Array): void {
    this.#session.forget(id);
  }

  /** A request that may be asked anew at any time. @throws Away */
  request(type: MessageType, body: Uint8Array): Promise<Reply> {
    if (!this.ready || this.#stopping) return Promise.reject(new Away(this.name));
    const id = freshId();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#leave.delete(leave);
        this.#session.forget(id);
        reject(new Away(this.name));
      };
      this.#leave.add(leave);
      this.#session.ask(type, id, body).then((reply) => {
        this.#leave.delete(leave);
        resolve(reply);
      }, reject);
    });
  }

  /** Ends what `request` waits for, now and later: the program is stopping. */
  abandon(): void {
    this.#stopping = true;
    for (const leave of this.#leave) leave();
  }

  stop(): Promise<void> {
    this.abandon();
    return this.#session.stop();
  }

  onReadiness(readiness: Readiness): void {
    if (this.#stopping) return;
    this.#since = Date.now();
    this.#report.often('peer', this.name, { is: readiness });
    if (readiness === 'locked') this.#report.alarm('LOCKED', this.name, 'it holds no keys; unseal it');
    if (readiness !== 'ready') for (const leave of this.#leave) leave();
    this.#bell.ring();
  }

  onHello(hello: Hello): void {
    this.#hello = hello;
    this.#hellos += 1;
    if (hello.frozen) this.#report.alarm('FROZEN', this.name, 'it is frozen');
    this.#bell.ring();
  }

  onNotice(event: string, detail: string): void {
    this.#report.often('notice', this.name, { notice: event, detail });
  }

  onProgress(have: number, total: number): void {
    this.#report.often('receiving', this.name, { have, total });
  }

  onNoise(code: string, frames: number): void {
    this.#report.often('noise', this.name, { code, frames });
  }

  onStray(type: MessageType): void {
    this.#report.often('stray', this.name, { type });
  }

  onAlarm(code: string, detail: string): void {
    this.#report.alarm(code, this.name, detail);
  }
}
