/**
 * What goes over one connection after the other: the courier, one event at a time, and the messages of ours that wait for
 * it. A connection that has failed carries nothing more, however much of it has come already.
 * Spec: protocol-spec/2-link.md.
 */
import { hashBody, type Message } from '@coldwire/protocol';
import {
  type CourierAction,
  type CourierEvent,
  canPost,
  createCourier,
  stepCourier,
} from '@coldwire/protocol/connection/index.ts';

export class Traffic {
  readonly #sendable: () => number;
  readonly #perform: (action: CourierAction) => void;
  readonly #courier = createCourier(hashBody);
  /** Messages of ours that wait for this connection to take them, oldest first. */
  #waiting: Message[] = [];
  #up = false;
  /** This connection has failed: nothing more of it is taken. */
  #closing = false;
  readonly #events: CourierEvent[] = [];
  #stepping = false;

  /** @param sendable how many bytes the link takes now */
  constructor(sendable: () => number, perform: (action: CourierAction) => void) {
    this.#sendable = sendable;
    this.#perform = perform;
  }

  get up(): boolean {
    return this.#up;
  }

  /** There is a connection again, of which nothing is known yet. */
  listen(): void {
    this.#closing = false;
  }

  /** The two ends fit together: messages go, these first. */
  start(messages: readonly Message[]): void {
    this.#up = true;
    this.#waiting = [...messages];
    this.step({ kind: 'up' });
  }

  /** Sends a message as soon as the line takes it; without a connection the next one brings it. */
  post(message: Message): void {
    if (!this.#up) return;
    this.#waiting.push(message);
    this.step({ kind: 'room' });
  }

  /** Nothing more of this connection is taken. */
  shut(): void {
    this.#closing = true;
  }

  /** The connection is down. @returns whether it was up */
  end(): boolean {
    this.step({ kind: 'down' });
    if (!this.#up) return false;
    this.#up = false;
    this.#waiting = [];
    return true;
  }

  /** Nothing more is sent. */
  stop(): void {
    this.#up = false;
  }

  /**
   * One event after the other: what an action causes (room, bytes, a message of ours) waits until all actions of the step
   * before it are performed, since the courier counted on the room that it was given.
   */
  step(event: CourierEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#nextEvent(); next !== undefined; next = this.#nextEvent()) {
        const { actions } = stepCourier(this.#courier, next, this.#sendable());
        for (const action of actions) if (!this.#closing) this.#perform(action);
      }
    } finally {
      this.#stepping = false;
    }
  }

  #nextEvent(): CourierEvent | undefined {
    let event = this.#events.shift();
    while (this.#closing && event !== undefined && event.kind !== 'down') event = this.#events.shift();
    if (event !== undefined) return event;
    const message = this.#waiting[0];
    const ready = this.#up && !this.#closing && canPost(this.#courier, this.#sendable());
    if (!ready || message === undefined) return undefined;
    this.#waiting.shift();
    return { kind: 'post', message };
  }
}
