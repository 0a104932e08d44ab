/**
 * The vault's end of one line: asks a signer or a gate, and joins each result to its request. A request stays open over lost
 * connections and lost ports; after a restart of the peer it is asked again with the same id, and the peer gives the same
 * result. Ignores results that belong to no request. Spec: protocol-spec/4-messages.md, "Requests and results".
 */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { Channel, type ChannelOwner, foldRecord, type Reading, type Taken } from '@coldwire/channel';
import { type EvidenceLog, openLog, readLog } from '@coldwire/evidence';
import type { LinkOwner, Port } from '@coldwire/link';
import { readProgramFile } from '@coldwire/program/program-file.ts';
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
  /** Frames that the line has damaged. */
  onNoise?(code: string, frames: number): void;
  /** A result that nobody waits for: of a request that was given up, or asked before a restart. */
  onStray(type: MessageType): void;
  onAlarm(code: string, detail: string): void;
}

export interface SessionOptions {
  /** Opens the port; called again, until it succeeds, whenever the port is gone. @throws Error while it cannot be opened */
  readonly openPort: () => Port;
  /** Bits a second; 0 for FIFOs and pipes. */
  readonly baud: number;
  readonly line: Line;
  /** Hash of the first charter: what every message binds. */
  readonly charter: Uint8Array;
  readonly identity: Ed25519Signer;
  /** Directory of this line's evidence log. */
  readonly directory: string;
  readonly hello: () => Hello;
  readonly timing?: LinkOwner['timing'];
}

/** Between two attempts to open a port that is missing: an adapter that was unplugged, a program that has not started. */
const REOPEN_MS = 2_000;

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
  #channel: Channel | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #stopped = false;
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
    log.append([{ kind: 'local', ...this.read(), bytes: readProgramFile().sha256 }]);
    this.#attach(chain);
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
    this.#stopped = true;
    clearTimeout(this.#reopening);
    await this.#channel?.stop();
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
    if (this.#channel?.greets !== true) return;
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

  onNoise(code: string, frames: number): void {
    this.#events.onNoise?.(code, frames);
  }

  onEnd(error: Error | undefined): void {
    this.#events.onAlarm('INTERNAL', `the port is gone: ${error?.message ?? 'closed'}`);
    this.#setReadiness('away');
    const channel = this.#channel;
    this.#channel = undefined;
    void channel?.stop().then(() => this.#reopen());
  }

  onAlarm(code: string, detail: string): void {
    this.#events.onAlarm(code, detail);
  }

  #attach(chain: Chain): void {
    const { baud, timing } = this.#options;
    const nextNonce = (): Uint8Array => new Uint8Array(randomBytes(16));
    let port: Port;
    try {
      port = this.#options.openPort();
    } catch (error) {
      this.#events.onAlarm('INTERNAL', error instanceof Error ? error.message : 'the port cannot be opened');
      this.#reopen();
      return;
    }
    const options = { role: 'initiator', port, baud, log: this.#log, chain, nextNonce } as const;
    this.#channel = new Channel(timing === undefined ? options : { ...options, timing }, this);
  }

  #reopen(): void {
    if (this.#stopped) return;
    this.#reopening = setTimeout(() => this.#attach(this.#foldAgain()), REOPEN_MS);
  }

  /** Where the chain stands by the log: what the channel that is gone has said and taken. */
  #foldAgain(): Chain {
    let chain = createChain(this.#options.line);
    for (const item of readLog(this.#options.directory)) {
      if (item.kind === 'batch') chain = item.records.reduce(foldRecord, chain);
    }
    return chain;
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
      if (open === undefined) this.#events.onStray(type);
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
    // Its log is closed: who asks a session that has been stopped waits for good, as for a peer that never comes back.
    if (this.#stopped) return;
    open.askedIn = this.#peerSession;
    this.#channel?.send({ type: open.type, request: id, body: open.body });
  }
}
