/**
 * One authenticated line to one peer: the link below, the message chain above, and the evidence log in between. A message
 * that is taken, with what follows from it, is on disk before anything acts on it; a message of ours is on disk before its
 * first byte leaves. What the peer lost is sent again, unchanged, on the next connection.
 * Refuses, by ending the connection, every fault but a replay, which is dropped. Spec: protocol-spec/4-messages.md, "Chain".
 */
import type { Entry } from '@coldwire/evidence';
import { attachLink, type Link } from '@coldwire/link';
import {
  type Chain,
  decode,
  encode,
  type Fault,
  GREETINGS_MAX,
  type Head,
  Header,
  type Judged,
  judgeHeader,
  judgeMessage,
  type Line,
  type Message,
  Resume,
  suspectSelf,
} from '@coldwire/protocol';
import type { CourierAction } from '@coldwire/protocol/connection/index.ts';
import { packMessage } from './fold.ts';
import type { ChannelOptions, ChannelOwner, Reading } from './owner.ts';
import { Traffic } from './traffic.ts';
import { type Outgoing, Transcript } from './transcript.ts';

export class Channel {
  readonly #owner: ChannelOwner;
  readonly #link: Link;
  readonly #transcript: Transcript;
  readonly #traffic = new Traffic(
    () => this.#link.sendable(),
    (action) => this.#perform(action),
  );
  #hasSpoken = false;
  /** This connection came up without a greeting from here. */
  #isSilent = false;

  constructor(options: ChannelOptions, owner: ChannelOwner) {
    this.#owner = owner;
    this.#transcript = new Transcript(options, owner);
    const { role, nextNonce, baud, timing } = options;
    this.#link = attachLink(options.port, {
      role,
      nextNonce,
      baud,
      ...(timing === undefined ? {} : { timing }),
      resume: () => encode(Resume, this.#transcript.hint()),
      onUp: (peerResume) => this.#goUp(peerResume),
      onDown: (reason) => this.#goDown(reason),
      onBytes: (bytes) => this.#traffic.step({ kind: 'bytes', bytes }),
      onRoom: () => this.#traffic.step({ kind: 'room' }),
      onLocked: () => owner.onLocked(),
      onNoise: (code, frames) => owner.onNoise?.(code, frames),
      onEnd: (error) => owner.onEnd(error),
    });
  }

  get up(): boolean {
    return this.#traffic.up;
  }

  /** How many messages of ours the peer has not acknowledged. */
  get outstanding(): number {
    return this.chain.sent.length;
  }

  /** As the log has it: what a snapshot holds of the line. */
  get chain(): Chain {
    return this.#transcript.chain;
  }

  /** Who is at the two ends. */
  get line(): Line {
    return this.chain.line;
  }

  /**
   * Whether a new connection is worth a greeting: the first one is, further ones unless a heap of them waits already. Also then it
   * is if none of ours names what the peer said last: nobody without its key moves that on, and a peer that has lost its memory
   * waits for such a receipt.
   */
  get greets(): boolean {
    return !this.#hasSpoken || this.outstanding < GREETINGS_MAX || !this.#isReceipted;
  }

  get #isReceipted(): boolean {
    const last = this.chain.sent.at(-1);
    const read = last === undefined ? undefined : decode(Header, last.header, 1024);
    return read?.ok === true && read.value.receiptSeq === this.chain.theirs.seq;
  }

  /**
   * Seals a message into the chain, with `entries` in the same sync, and sends it as soon as the line takes it.
   * @returns the message @throws Error if it cannot be signed or written; then it was never said
   */
  send(out: Outgoing, entries: readonly Entry[] = [], at: Reading = this.#owner.read()): Message {
    const message = this.#transcript.seal(out, entries, at);
    this.#hasSpoken = true;
    this.#traffic.post(message);
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
    this.#traffic.stop();
    return this.#link.stop();
  }

  #goUp(peerResume: Uint8Array): void {
    this.#traffic.listen();
    const hint = decode(Resume, peerResume);
    if (!hint.ok) {
      this.#fail(hint.fault);
      return;
    }
    const plan = this.#transcript.resume(hint.value);
    if (plan.kind === 'fault') {
      this.#fail(plan.fault, hint.value);
      return;
    }
    if (plan.kind === 'forgotten') this.#owner.onAlarm(plan.fault.code, plan.fault.detail);
    this.#traffic.start(plan.kind === 'forgotten' ? this.chain.sent : plan.messages);
    this.#isSilent = !this.greets;
    this.#owner.onUp();
  }

  #goDown(reason: string): void {
    if (this.#traffic.end()) this.#owner.onDown(reason);
  }

  /** @param receipt of a BAD_RECEIPT: people must hear if it speaks of this machine's disk and not of the peer's */
  #fail(fault: Fault, receipt?: Head): void {
    const suspicion = receipt === undefined ? undefined : suspectSelf(this.chain, receipt);
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
    this.#traffic.shut();
    this.#link.close(reason);
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
    const judged = judgeHeader(this.chain, this.#owner.charter, header, signature);
    if (judged.kind === 'new') {
      const { bodyHash, bodyLength } = judged.header;
      this.#traffic.step({ kind: 'vetted', header, answer: { kind: 'accept', bodyHash, bodyLength } });
      return;
    }
    if (judged.kind === 'fault' && judged.fault.code !== 'REPLAY') {
      this.#failMessage(judged.fault, header);
      return;
    }
    if (judged.kind === 'ahead') this.#look(judged);
    if (judged.kind === 'fault') this.#owner.onAlarm('REPLAY', judged.fault.detail);
    this.#traffic.step({ kind: 'vetted', header, answer: { kind: 'skip' } });
  }

  /** Once the claimed place is shown, what was only looked at comes again, and is taken. */
  #look(judged: Extract<Judged, { kind: 'ahead' }>): void {
    this.#transcript.look(judged);
    if (judged.isProof) this.#close('the place is shown');
  }

  #take(message: Message): void {
    const judged = judgeMessage(this.chain, this.#owner.charter, message);
    if (judged.kind === 'duplicate') return;
    if (judged.kind === 'ahead') {
      this.#look(judged);
      return;
    }
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
      this.#transcript.take(message, received.header, [record, ...taken.entries]);
    } catch (error) {
      // Nothing happened: the message was not taken, and comes again on the next connection.
      this.#owner.onAlarm(
        'INTERNAL',
        error instanceof Error ? error.message : 'the evidence log does not write',
      );
      this.#close('INTERNAL');
      return;
    }
    taken.after();
    // Both ends may wait to be greeted: the next connection is.
    if (this.#isSilent && this.greets) this.#close('there is a greeting due');
  }
}
