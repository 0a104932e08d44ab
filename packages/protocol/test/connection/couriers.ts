/** Two couriers on two links on a simulated line, with owners that vet, post in order and post again after a break. */
import {
  type CourierAction,
  type CourierEvent,
  type CourierState,
  canPost,
  createCourier,
  type Message,
  stepCourier,
} from '../../src/connection/courier.ts';
import { type LinkAction, sendable, stepLink } from '../../src/connection/link.ts';
import { hashBody } from '../../src/message/header.ts';
import { type Damage, type End, Line } from './line.ts';

export type Post = {
  readonly end: End;
  readonly courier: CourierState;
  /** All that this side is to send, in order; `sent` starts again at what the peer has, after a break. */
  readonly outbox: Message[];
  sent: number;
  readonly received: Message[];
  readonly vets: number[];
  readonly progress: number[];
  readonly faults: string[];
};

/** A message as the tests make it: the header is its number, length and hash, which is all that an owner needs. */
export function makeMessage(number: number, body: Uint8Array): Message {
  const header = new Uint8Array(40);
  const view = new DataView(header.buffer);
  view.setUint32(0, number);
  view.setUint32(4, body.length);
  header.set(hashBody(body), 8);
  return { header, body, signature: new Uint8Array(64).fill(number) };
}

export class Couriers {
  readonly line: Line;
  readonly posts: { initiator: Post; responder: Post };

  constructor(options: { seed: number; baud?: number; damage?: Damage }) {
    this.line = new Line(options);
    const { initiator, responder } = this.line.ends;
    this.posts = { initiator: makePost(initiator), responder: makePost(responder) };
    initiator.onAction = (action) => this.#take(this.posts.initiator, action);
    responder.onAction = (action) => this.#take(this.posts.responder, action);
  }

  step(post: Post, event: CourierEvent): void {
    const { actions } = stepCourier(post.courier, event, sendable(post.end.link));
    // All that this step sends fits the room of its beginning: nothing else may be sent before it.
    for (const action of actions) if (action.kind !== 'vet') this.#act(post, action);
    for (const action of actions) if (action.kind === 'vet') this.#vet(post, action.header);
  }

  /** Runs the line until all is received or the time is over. */
  deliver(until: number, watch: () => void = () => {}): boolean {
    const { initiator, responder } = this.posts;
    return this.line.run(until, () => {
      for (const post of [initiator, responder]) this.#postMore(post);
      watch();
      return (
        initiator.received.length === responder.outbox.length &&
        responder.received.length === initiator.outbox.length
      );
    });
  }

  #postMore(post: Post): void {
    this.step(post, { kind: 'room' });
    while (canPost(post.courier, sendable(post.end.link))) {
      const message = post.outbox[post.sent];
      if (message === undefined) return;
      post.sent += 1;
      this.step(post, { kind: 'post', message });
    }
  }

  #take(post: Post, action: LinkAction): void {
    if (action.kind === 'deliver') this.step(post, { kind: 'bytes', bytes: action.bytes });
    if (action.kind === 'down') this.step(post, { kind: 'down' });
    if (action.kind !== 'up') return;
    // What the chain layer learns from the peer's hello: how much of ours it has.
    post.sent = this.#peer(post).received.length;
    this.step(post, { kind: 'up' });
  }

  #act(post: Post, action: CourierAction): void {
    if (action.kind === 'send') this.line.send(post.end, action.bytes);
    if (action.kind === 'progress') post.progress.push(action.have);
    if (action.kind === 'message') post.received.push(action);
    if (action.kind === 'fault') {
      post.faults.push(action.fault.code);
      const reason = action.fault.detail;
      this.line.step(
        post.end,
        stepLink(post.end.link, { kind: 'close', reason, now: this.line.now }).actions,
      );
    }
  }

  #vet(post: Post, header: Uint8Array): void {
    const view = new DataView(header.buffer, header.byteOffset);
    post.vets.push(view.getUint32(0));
    const answer = {
      kind: 'accept' as const,
      bodyHash: header.slice(8),
      bodyLength: view.getUint32(4),
    };
    this.step(post, { kind: 'vetted', header, answer });
  }

  #peer(post: Post): Post {
    return post === this.posts.initiator ? this.posts.responder : this.posts.initiator;
  }
}

function makePost(end: End): Post {
  return {
    end,
    courier: createCourier(hashBody),
    outbox: [],
    sent: 0,
    received: [],
    vets: [],
    progress: [],
    faults: [],
  };
}
