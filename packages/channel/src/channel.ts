/**
 * One authenticated line to one peer: the link below, the message chain above, and the evidence log in between. A message
 * that is taken, with what follows from it, is on disk before anything acts on it; a message of ours is on disk before its
 * first byte leaves. What the peer lost is sent again, unchanged, on the next connection.
 * Refuses, by ending the connection, every fault but a replay, which is dropped. Spec: protocol-spec/4-messages.md, "Chain".
 */
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import { attachLink, type Link, type LinkOwner, type Port } from '@coldwire/link';
import {
  type Chain,
  concatBytes,
  decode,
  draftMessage,
  encode,
  type Fault,
  findRealignment,
  GREETINGS_MAX,
  type Head,
  Header,
  hashBody,
  judgeHeader,
  judgeMessage,
  type Line,
  type Message,
  type MessageType,
  messageHash,
  type Positions,
  planResumption,
  type Received,
  Resume,
  realignChain,
  recordReceived,
  recordSent,
  suspectSelf,
} from '@coldwire/protocol';
import {
  type CourierAction,
  type CourierEvent,
  canPost,
  createCourier,
  stepCourier,
} from '@coldwire/protocol/connection/index.ts';
import { packMessage } from './fold.ts';

/** µs since the program started, and seconds since 1970: read once per event. */
export interface Reading {
  readonly uptime: number;
  readonly time: number;
}

/** What the owner makes of a message: records for the same sync, and what to do after it. */
export interface Taken {
  readonly entries: readonly Entry[];
  readonly after: () => void;
}

/** What a channel needs of the program around it. */
export interface ChannelOwner {
  /** Hash of the first charter: what every message binds. */
  readonly charter: Uint8Array;
  /** How often this program has started with its identity. */
  readonly session: number;
  read(): Reading;
  /** Ed25519 over a message hash; @throws while there is no key: then nothing is sent. */
  sign(hash: Uint8Array): Uint8Array;
  /** 16 bytes for a message body. `binding`: the hash of our message before it, then the body's canonical CBOR. */
  salt(binding: Uint8Array): Uint8Array;
  /** Must not throw for anything that a peer can send. `packed`: the message as evidence, CBOR `[header, body, signature]`. */
  onMessage(received: Received, at: Reading, packed: Uint8Array): Taken;
  /**
   * The peer says that this machine has said or taken more than its log holds. True: that is written down, and the line goes
   * on from where the peer says that it stands.
   */
  realign?(positions: Positions): boolean;
  onUp(): void;
  onDown(reason: string): void;
  /** The peer holds no keys. */
  onLocked(): void;
  /** A body above 15 KiB on its way here. */
  onProgress(have: number, total: number): void;
  /** So many frames were dropped since the last call, with the code that says why. */
  onNoise?(code: string, frames: number): void;
  /** The port is gone (a cable, a peer's shell): stop the channel and make another. */
  onEnd(error: Error | undefined): void;
  /** Something that people should see: a fault of the peer, or a disk that does not write. */
  onAlarm(code: string, detail: string): void;
}

export interface ChannelOptions {
  readonly role: 'initiator' | 'responder';
  readonly port: Port;
  readonly log: EvidenceLog;
  /** As folded from the log. */
  readonly chain: Chain;
  /** 16 bytes that were never given before. */
  readonly nextNonce: () => Uint8Array;
  /** Bits a second; 0 for FIFOs and pipes. */
  readonly baud: number;
  readonly timing?: LinkOwner['timing'];
}

export class Channel {
  readonly #owner: ChannelOwner;
  readonly #log: EvidenceLog;
  readonly #link: Link;
  readonly #role: ChannelOptions['role'];
  readonly #courier = createCourier(hashBody);
  #chain: Chain;
  /** Messages of ours that wait for this connection to take them, oldest first. */
  #waiting: Message[] = [];
  #up = false;
  /** This connection has failed: nothing more of it is taken, however much of it has come already. */
  #closing = false;
  readonly #events: CourierEvent[] = [];
  #stepping = false;
  #hasSpoken = false;

  constructor(options: ChannelOptions, owner: ChannelOwner) {
    this.#owner = owner;
    this.#log = options.log;
    this.#chain = options.chain;
    const { role, nextNonce, baud, timing } = options;
    this.#role = role;
    this.#link = attachLink(options.port, {
      role,
      nextNonce,
      baud,
      ...(timing === undefined ? {} : { timing }),
      resume: () => encode(Resume, this.#resume()),
      onUp: (peerResume) => this.#goUp(peerResume),
      onDown: (reason) => this.#goDown(reason),
      onBytes: (bytes) => this.#step({ kind: 'bytes', bytes }),
      onRoom: () => this.#pump(),
      onLocked: () => owner.onLocked(),
      onNoise: (code, frames) => owner.onNoise?.(code, frames),
      onEnd: (error) => owner.onEnd(error),
    });
  }

  get up(): boolean {
    return this.#up;
  }

  /** How many messages of ours the peer has not acknowledged. */
  get outstanding(): number {
    return this.#chain.sent.length;
  }

  /** As the log has it: what a snapshot holds of the line. */
  get chain(): Chain {
    return this.#chain;
  }

  /** Who is at the two ends. */
  get line(): Line {
    return this.#chain.line;
  }

  /** Whether a new connection is worth a greeting: the first one is, further ones unless a heap of them waits already. */
  get greets(): boolean {
    return !this.#hasSpoken || this.outstanding < GREETINGS_MAX;
  }

  /**
   * Seals a message into the chain, with `entries` in the same sync, and sends it as soon as the line takes it.
   * @returns the message @throws Error if it cannot be signed or written; then it was never said
   */
  send(
    out: { readonly type: MessageType; readonly request: Uint8Array | null; readonly body: Uint8Array },
    entries: readonly Entry[] = [],
    at: Reading = this.#owner.read(),
  ): Message {
    const { charter, session } = this.#owner;
    const salt = this.#owner.salt(concatBytes(this.#chain.mine.hash, out.body));
    const draft = draftMessage(this.#chain, { ...out, charter, session, salt, ...at });
    const message = { ...draft, signature: this.#owner.sign(messageHash(draft.header)) };
    this.#log.append([...entries, { kind: 'sent', ...at, bytes: packMessage(message) }]);
    this.#chain = recordSent(this.#chain, message);
    this.#hasSpoken = true;
    if (this.#up) {
      this.#waiting.push(message);
      this.#pump();
    }
    return message;
  }

  /** Ends this connection, for a reason of the owner's; the initiator dials again. Nothing more of it is taken. */
  hangUp(reason: string): void {
    this.#close(reason);
  }

  /** While locked the line answers LOCKED to every call. */
  setLocked(on: boolean): void {
    this.#link.lock(on);
  }

  stop(): Promise<void> {
    this.#up = false;
    return this.#link.stop();
  }

  #goUp(peerResume: Uint8Array): void {
    this.#closing = false;
    const hint = decode(Resume, peerResume);
    if (!hint.ok) {
      this.#fail(hint.fault);
      return;
    }
    const messages = this.#resumeFrom(hint.value);
    if (messages === undefined) return;
    this.#up = true;
    this.#waiting = [...messages];
    this.#step({ kind: 'up' });
    this.#owner.onUp();
  }

  #resume(): Resume {
    const { theirs, acknowledged } = this.#chain;
    return { ...theirs, acknowledgedSeq: acknowledged.seq, acknowledgedHash: acknowledged.hash };
  }

  /** What is to be sent again first; undefined, after an alarm, where the two ends do not fit together. */
  #resumeFrom(hint: Resume): readonly Message[] | undefined {
    const lost = findRealignment(this.#chain, hint);
    if (lost !== undefined && this.#owner.realign?.(lost) === true) {
      this.#chain = realignChain(this.#chain, lost);
      return [];
    }
    const plan = planResumption(this.#chain, hint);
    if (plan.kind === 'resend') return plan.messages;
    if (this.#role === 'initiator' && hint.seq < this.#chain.acknowledged.seq) {
      // The peer has lost its memory. Whether it may go on from here is for the peer to say, to whom the hello names the place.
      this.#owner.onAlarm(plan.fault.code, plan.fault.detail);
      return this.#chain.sent;
    }
    this.#fail(plan.fault, hint);
    return undefined;
  }

  #goDown(reason: string): void {
    this.#step({ kind: 'down' });
    if (!this.#up) return;
    this.#up = false;
    this.#waiting = [];
    this.#owner.onDown(reason);
  }

  /** @param receipt of a BAD_RECEIPT: people must hear if it speaks of this machine's disk and not of the peer's */
  #fail(fault: Fault, receipt?: Head): void {
    const suspicion = receipt === undefined ? undefined : suspectSelf(this.#chain, receipt);
    this.#owner.onAlarm(suspicion ?? fault.code, fault.detail);
    this.#close(fault.code);
  }

  #failMessage(fault: Fault, header: Uint8Array): void {
    const read = fault.code === 'BAD_RECEIPT' ? decode(Header, header) : undefined;
    if (read?.ok === true) this.#fail(fault, { seq: read.value.receiptSeq, hash: read.value.receipt });
    else this.#fail(fault);
  }

  /** The link calls back with `down`. */
  #close(reason: string): void {
    this.#closing = true;
    this.#link.close(reason);
  }

  /** Called whenever the link has room. */
  #pump(): void {
    this.#step({ kind: 'room' });
  }

  /**
   * One event after the other: what an action causes (room, bytes, a message of ours) waits until all actions of the step
   * before it are performed, since the courier counted on the room that it was given.
   */
  #step(event: CourierEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#nextEvent(); next !== undefined; next = this.#nextEvent()) {
        const { actions } = stepCourier(this.#courier, next, this.#link.sendable());
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
    const ready = this.#up && !this.#closing && canPost(this.#courier, this.#link.sendable());
    if (!ready || message === undefined) return undefined;
    this.#waiting.shift();
    return { kind: 'post', message };
  }

  #perform(action: CourierAction): void {
    switch (action.kind) {
      case 'send':
        this.#link.send(action.bytes);
        return;
      case 'vet':
        this.#vet(action.header, action.signature);
        return;
      case 'progress':
        this.#owner.onProgress(action.have, action.total);
        return;
      case 'message':
        this.#take(action);
        return;
      case 'fault':
        this.#fail(action.fault);
        return;
    }
  }

  /** A long message is judged by its header before a byte of its body is asked for. */
  #vet(header: Uint8Array, signature: Uint8Array): void {
    const judged = judgeHeader(this.#chain, this.#owner.charter, header, signature);
    if (judged.kind === 'new') {
      const { bodyHash, bodyLength } = judged.header;
      this.#step({ kind: 'vetted', header, answer: { kind: 'accept', bodyHash, bodyLength } });
      return;
    }
    if (judged.kind === 'fault' && judged.fault.code !== 'REPLAY') {
      this.#failMessage(judged.fault, header);
      return;
    }
    if (judged.kind === 'fault') this.#owner.onAlarm('REPLAY', judged.fault.detail);
    this.#step({ kind: 'vetted', header, answer: { kind: 'skip' } });
  }

  #take(message: Message): void {
    const judged = judgeMessage(this.#chain, this.#owner.charter, message);
    if (judged.kind === 'duplicate') return;
    if (judged.kind === 'fault') {
      if (judged.fault.code !== 'REPLAY') {
        this.#failMessage(judged.fault, message.header);
        return;
      }
      this.#owner.onAlarm('REPLAY', judged.fault.detail);
      return;
    }
    const { received } = judged;
    const at = this.#owner.read();
    const packed = packMessage(message);
    const taken = this.#owner.onMessage(received, at, packed);
    try {
      const record: Entry = { kind: 'received', ...at, bytes: packed };
      this.#log.append([record, ...taken.entries]);
    } catch (error) {
      // Nothing happened: the message was not taken, and comes again on the next connection.
      this.#owner.onAlarm(
        'INTERNAL',
        error instanceof Error ? error.message : 'the evidence log does not write',
      );
      this.#close('INTERNAL');
      return;
    }
    this.#chain = recordReceived(this.#chain, message, received.header);
    taken.after();
  }
}
