/**
 * What was said and taken on one line, as the log has it: a message joins the chain when the disk holds it, and not before.
 * Whether one may join it is judged by whoever hands it over. Spec: protocol-spec/4-messages.md, "Chain".
 */
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import {
  type Chain,
  concatBytes,
  draftMessage,
  type Fault,
  findRealignment,
  type Header,
  type Judged,
  lookAhead,
  type Message,
  type MessageType,
  messageHash,
  planResumption,
  type Resume,
  realignChain,
  recordReceived,
  recordSent,
} from '@coldwire/protocol';
import { packMessage } from './fold.ts';
import type { ChannelOptions, ChannelOwner, Reading } from './owner.ts';

/** A message before it has a place in the chain. */
export interface Outgoing {
  readonly type: MessageType;
  readonly request: Uint8Array | null;
  readonly body: Uint8Array;
}

/** How a new connection goes on. */
export type Resumption =
  /** Send these again first, oldest first. */
  | { readonly kind: 'resend'; readonly messages: readonly Message[] }
  /** The peer has lost its memory: people hear of it, and it is sent all that it has not acknowledged. */
  | { readonly kind: 'forgotten'; readonly fault: Fault }
  /** The two ends do not fit together. */
  | { readonly kind: 'fault'; readonly fault: Fault };

export class Transcript {
  readonly #log: EvidenceLog;
  readonly #owner: ChannelOwner;
  readonly #role: ChannelOptions['role'];
  #chain: Chain;

  constructor({ log, chain, role }: ChannelOptions, owner: ChannelOwner) {
    this.#log = log;
    this.#chain = chain;
    this.#role = role;
    this.#owner = owner;
  }

  get chain(): Chain {
    return this.#chain;
  }

  /** Seals a message into the chain, with `entries` in the same sync. @throws Error if it cannot be signed or written */
  seal(out: Outgoing, entries: readonly Entry[], at: Reading): Message {
    const { charter, session } = this.#owner;
    const salt = this.#owner.salt(concatBytes(this.#chain.mine.hash, out.body));
    const draft = draftMessage(this.#chain, { ...out, charter, session, salt, ...at });
    const message = { ...draft, signature: this.#owner.sign(messageHash(draft.header)) };
    this.#log.append([...entries, { kind: 'sent', ...at, bytes: packMessage(message) }]);
    this.#chain = recordSent(this.#chain, message);
    return message;
  }

  /**
   * Takes a message of the peer's that was judged good, with what follows from it.
   * @param records the message as evidence, and the entries of the same sync
   * @throws Error if they cannot be written: then it was not taken
   */
  take(message: Message, header: Header, records: readonly Entry[]): void {
    this.#log.append(records);
    this.#chain = recordReceived(this.#chain, message, header);
  }

  /** A message that is only looked at: nothing of it is written down. */
  look(judged: Extract<Judged, { kind: 'ahead' }>): void {
    this.#chain = lookAhead(this.#chain, judged);
  }

  /** What a hello of ours says. */
  hint(): Resume {
    const { theirs, acknowledged } = this.#chain;
    return { ...theirs, acknowledgedSeq: acknowledged.seq, acknowledgedHash: acknowledged.hash };
  }

  /** How to go on after the peer's hello. A machine that has lost its memory goes on from where the peer stands, if its owner lets it. */
  resume(hint: Resume): Resumption {
    const lost = findRealignment(this.#chain, hint);
    if (lost !== undefined && this.#owner.realign?.(lost) === true)
      this.#chain = realignChain(this.#chain, lost);
    const plan = planResumption(this.#chain, hint);
    if (plan.kind === 'resend') return plan;
    const hasForgotten = this.#role === 'initiator' && hint.seq < this.#chain.acknowledged.seq;
    // Whether the peer may go on from here is for the peer to say, to whom the hello names the place.
    return hasForgotten ? { kind: 'forgotten', fault: plan.fault } : plan;
  }
}
