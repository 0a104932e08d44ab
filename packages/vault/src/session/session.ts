/**
 * The vault's end of one line: asks a signer or a gate, and joins each result to its request. A request stays open over lost
 * connections; after a restart of the peer it is asked again with the same id, and the peer gives the same result.
 * Ignores, with an alarm, results that belong to no request. Spec: protocol-spec/4-messages.md, "Requests and results".
 */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { Channel, type ChannelOwner, foldRecord, type Reading, type Taken } from '@coldwire/channel';
import { type EvidenceLog, openLog } from '@coldwire/evidence';
import type { LinkOwner, Port } from '@coldwire/link';
import {
  BODY_MAX,
  type Chain,
  createChain,
  decode,
  type Ed25519Signer,
  encode,
  Hello,
  type Line,
  type MessageType,
  Notice,
  type Received,
  toHex,
} from '@coldwire/protocol';

/** A result: its type, its canonical body, and the whole message as evidence. */
export interface Reply {
  readonly type: MessageType;
  readonly body: Uint8Array;
  /** CBOR `[header, body, signature]`. */
  readonly message: Uint8Array;
}

export type Readiness = 'away' | 'locked' | 'ready';

/** What the program around a session learns from it. */
export interface SessionEvents {
  onReadiness(readiness: Readiness): void;
  /** The peer's HELLO: on each connection, and whenever something happened at the peer. */
  onHello(hello: Hello): void;
  onNotice(event: string, detail: string): void;
  onProgress(have: number, total: number): void;
  onAlarm(code: string, detail: string): void;
}

export interface SessionOptions {
  readonly port: Port;
  readonly baud: number;
  readonly line: Line;
  /** Hash of the charter in force. */
  readonly charter: Uint8Array;
  readonly identity: Ed25519Signer;
  /** Directory of this line's evidence log. */
  readonly directory: string;
  readonly hello: () => Hello;
  readonly timing?: LinkOwner['timing'];
}

interface Open {
  readonly type: MessageType;
  readonly body: Uint8Array;
  readonly resolve: (reply: Reply) => void;
  /** The peer's session in which it was asked. */
  askedIn: number | undefined;
}

export class Session implements ChannelOwner {
  readonly charter: Uint8Array;
  readonly session: number;
  readonly peer: string;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #log: EvidenceLog;
  readonly #channel: Channel;
  readonly #open = new Map<string, Open>();
  readonly #started = process.hrtime.bigint();
  #readiness: Readiness = 'away';
  #peerSession: number | undefined;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
    this.charter = options.charter;
    this.peer = options.line.peer;
    let chain: Chain = createChain(options.line);
    let sessions = 0;
    const { log, torn } = openLog(options.directory, options.line.self, (record) => {
      if (record[1] === 'local') sessions += 1;
      chain = foldRecord(chain, record);
    });
    if (torn > 0) events.onAlarm('INTERNAL', `${torn} bytes of a torn write were cut off`);
    this.#log = log;
    this.session = sessions + 1;
    log.append([{ kind: 'local', ...this.read(), bytes: new Uint8Array(0) }]);
    const { port, baud, timing } = options;
    const nextNonce = (): Uint8Array => new Uint8Array(randomBytes(16));
    this.#channel = new Channel(
      { role: 'initiator', port, baud, log, chain, nextNonce, ...(timing === undefined ? {} : { timing }) },
      this,
    );
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Requests without a result yet. */
  get waiting(): number {
    return this.#open.size;
  }

  /**
   * Asks; the same id twice is the same request. Resolves with the result, whenever it comes: give it a deadline of your
   * own, and ask another peer meanwhile.
   * @param id 16 bytes, kept by the caller before it asks
   */
  ask(type: MessageType, id: Uint8Array, body: Uint8Array): Promise<Reply> {
    return new Promise((resolve) => {
      const open: Open = { type, body, resolve, askedIn: undefined };
      this.#open.set(toHex(id), open);
      if (this.#readiness === 'ready') this.#send(id, open);
    });
  }

  /** Gives a request up: a late result is then nobody's. */
  forget(id: Uint8Array): void {
    this.#open.delete(toHex(id));
  }

  async stop(): Promise<void> {
    await this.#channel.stop();
    this.#log.close();
  }

  read(): Reading {
    const uptime = Number((process.hrtime.bigint() - this.#started) / 1000n);
    return { uptime, time: Math.floor(Date.now() / 1000) };
  }

  sign(hash: Uint8Array): Uint8Array {
    return this.#options.identity.sign(hash);
  }

  salt(): Uint8Array {
    return new Uint8Array(randomBytes(16));
  }

  onMessage(received: Received, _at: Reading, message: Uint8Array): Taken {
    return { entries: [], after: () => this.#receive(received, message) };
  }

  onUp(): void {
    this.#channel.send({ type: 'HELLO', request: null, body: encode(Hello, this.#options.hello()) });
  }

  onDown(): void {
    this.#setReadiness('away');
  }

  onLocked(): void {
    this.#setReadiness('locked');
  }

  onProgress(have: number, total: number): void {
    this.#events.onProgress(have, total);
  }

  onEnd(error: Error | undefined): void {
    this.#events.onAlarm('INTERNAL', `the line to ${this.peer} is gone: ${error?.message ?? 'closed'}`);
    this.#setReadiness('away');
  }

  onAlarm(code: string, detail: string): void {
    this.#events.onAlarm(code, detail);
  }

  #setReadiness(readiness: Readiness): void {
    if (this.#readiness === readiness) return;
    this.#readiness = readiness;
    this.#events.onReadiness(readiness);
  }

  #receive({ type, header, body }: Received, message: Uint8Array): void {
    if (type === 'HELLO') {
      this.#greet(header.session, body);
    } else if (type === 'NOTICE') {
      const notice = decode(Notice, body);
      if (notice.ok) this.#events.onNotice(notice.value.event, notice.value.detail);
      else this.#events.onAlarm(notice.fault.code, notice.fault.detail);
    } else {
      const id = header.request === null ? '' : toHex(header.request);
      const open = this.#open.get(id);
      this.#open.delete(id);
      if (open === undefined) this.#events.onAlarm('REPLAY', `a ${type} that answers no open request`);
      else open.resolve({ type, body, message });
    }
  }

  /** A peer that started anew may have lost a result between taking the request and sending it: ask again. */
  #greet(peerSession: number, body: Uint8Array): void {
    const hello = decode(Hello, body, BODY_MAX);
    if (!hello.ok) {
      this.#events.onAlarm(hello.fault.code, hello.fault.detail);
      return;
    }
    this.#peerSession = peerSession;
    this.#setReadiness('ready');
    this.#events.onHello(hello.value);
    for (const [id, open] of this.#open) {
      if (open.askedIn !== peerSession) this.#send(Uint8Array.from(Buffer.from(id, 'hex')), open);
    }
  }

  #send(id: Uint8Array, open: Open): void {
    open.askedIn = this.#peerSession;
    this.#channel.send({ type: open.type, request: id, body: open.body });
  }
}
