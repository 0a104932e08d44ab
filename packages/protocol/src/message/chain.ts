/**
 * The chain of messages between two identities: gapless numbers, each message naming the one before it and the last one
 * taken from the other side. Pure: the owner journals and signs. Refuses a gap, a fork, a foreign name or charter, a wrong
 * signature, a receipt for what was never sent. Spec: protocol-spec/4-messages.md, "Chain".
 */
import { concatBytes, equalBytes } from '../bytes.ts';
import {
  bytes,
  decode,
  encode,
  field,
  type Infer,
  optional,
  type Result,
  struct,
  uint,
} from '../cbor/index.ts';
import { verifyEd25519 } from '../ed25519.ts';
import type { Fault, FaultCode } from '../fault.ts';
import { Header, hashBody, messageHash, PROTOCOL_VERSION, SALT_LENGTH } from './header.ts';
import {
  type Direction,
  MESSAGE_TYPES,
  type MessageType,
  mayTravel,
  messageTypeOf,
  type Receiver,
} from './types.ts';

/** A message as it travels and as evidence. */
export interface Message {
  readonly header: Uint8Array;
  /** salt(16) ‖ canonical CBOR */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** The end of one direction of a chain. */
export interface Head {
  readonly seq: number;
  readonly hash: Uint8Array;
}
export const START: Head = { seq: 0, hash: new Uint8Array(32) };

/** Who is at the two ends, as the charter names them. */
export interface Line {
  readonly self: string;
  readonly peer: string;
  readonly peerKey: Uint8Array;
  /** What the peer's messages must be: sent this way, by or to this kind of machine. */
  readonly incoming: Direction;
  readonly receiver: Receiver;
}

/**
 * Most messages of ours that a peer may leave without a receipt while it goes on asking: all of them are kept, here and after
 * each start. Far above what an honest peer has under way.
 */
export const UNACKNOWLEDGED_MAX = 4096;
/** With so many, a new connection is not greeted anew: whoever holds the line can make connections without any key. */
export const GREETINGS_MAX = 256;

/**
 * Where a line stands. `sent` holds every own message that the peer has not acknowledged yet, oldest first: less those that were lost
 * with the memory, where the line goes on from a place that the peer named.
 */
export interface Ends {
  readonly mine: Head;
  readonly theirs: Head;
  readonly acknowledged: Head;
  readonly sent: readonly Message[];
}

export interface Chain extends Ends {
  readonly line: Line;
  /**
   * There while the chain stands where only a hello, which anyone can say, has put it: the ends that signed messages came to.
   * Until a message is taken there, each hello is judged by these.
   */
  readonly proven?: Ends;
  /** Of a claim: the last message that was only looked at. */
  readonly ahead?: Head;
  /** Of a claim: a message that was looked at has named the own place, so that those before it may be taken. */
  readonly isShown?: true;
}

export function createChain(line: Line): Chain {
  return { line, mine: START, theirs: START, acknowledged: START, sent: [] };
}

/** What the owner says; the chain adds names, numbers and hashes. */
export interface Outgoing {
  readonly type: MessageType;
  readonly charter: Uint8Array;
  readonly session: number;
  readonly request: Uint8Array | null;
  /** Canonical CBOR. */
  readonly body: Uint8Array;
  readonly salt: Uint8Array;
  /** Seconds since 1970, and µs since the program's start. */
  readonly time: number;
  readonly uptime: number;
}

/** Header and body of the next message, still to be signed: sign messageHash(header). */
export function draftMessage(chain: Chain, out: Outgoing): { header: Uint8Array; body: Uint8Array } {
  if (out.salt.length !== SALT_LENGTH)
    throw new Error(`a salt has ${SALT_LENGTH} bytes, not ${out.salt.length}`);
  const body = concatBytes(out.salt, out.body);
  const header = encode(Header, {
    version: PROTOCOL_VERSION,
    type: MESSAGE_TYPES[out.type].number,
    charter: out.charter,
    sender: chain.line.self,
    recipient: chain.line.peer,
    seq: chain.mine.seq + 1,
    previous: chain.mine.hash,
    receiptSeq: chain.theirs.seq,
    receipt: chain.theirs.hash,
    session: out.session,
    request: out.request,
    bodyHash: hashBody(body),
    bodyLength: body.length,
    time: out.time,
    uptime: out.uptime,
  });
  return { header, body };
}

/** The chain once `message` is journalled. */
export function recordSent(chain: Chain, message: Message): Chain {
  const mine = { seq: chain.mine.seq + 1, hash: messageHash(message.header) };
  return { ...chain, mine, sent: [...chain.sent, message] };
}

export interface Received {
  readonly type: MessageType;
  readonly header: Header;
  /** Canonical CBOR, without the salt. */
  readonly body: Uint8Array;
}

export type Judged =
  | { readonly kind: 'new'; readonly received: Received }
  /** An exact retransmission: drop it. */
  | { readonly kind: 'duplicate' }
  /** Good, and not to be taken: it does not prove the place that a hello has claimed. `isProof`: it shows it, {@link lookAhead}. */
  | { readonly kind: 'ahead'; readonly head: Head; readonly isProof: boolean }
  | { readonly kind: 'fault'; readonly fault: Fault };

function fault(code: FaultCode, detail: string): { kind: 'fault'; fault: Fault } {
  return { kind: 'fault', fault: { kind: 'fault', code, detail } };
}

/** A header by itself, before its body is pulled: every check that needs no body. */
export function judgeHeader(
  chain: Chain,
  charter: Uint8Array,
  headerBytes: Uint8Array,
  signature: Uint8Array,
):
  | { readonly kind: 'new'; readonly header: Header; readonly type: MessageType }
  | Exclude<Judged, { kind: 'new' }> {
  const decoded: Result<Header> = decode(Header, headerBytes, 1024);
  if (!decoded.ok) return { kind: 'fault', fault: decoded.fault };
  const header = decoded.value;
  const { line } = chain;
  if (header.version !== PROTOCOL_VERSION) {
    return fault('VERSION', `message version ${header.version}, this program speaks ${PROTOCOL_VERSION}`);
  }
  if (header.sender !== line.peer || header.recipient !== line.self) {
    return fault(
      'WRONG_PEER',
      `message from ${header.sender} to ${header.recipient} on the line ${line.peer} to ${line.self}`,
    );
  }
  const hash = messageHash(headerBytes);
  if (!verifyEd25519(line.peerKey, hash, signature))
    return fault('BAD_SIGNATURE', `message ${header.seq} of ${line.peer}`);
  if (header.seq <= chain.theirs.seq) return judgeOld(chain, header, hash);
  const isNext = follows(header, chain.theirs);
  if (!isNext && (chain.ahead === undefined || !follows(header, chain.ahead))) {
    return fault('BAD_CHAIN', `message ${header.seq} of ${line.peer}, expected ${chain.theirs.seq + 1}`);
  }
  if (!equalBytes(header.charter, charter))
    return fault('WRONG_CHARTER', `message ${header.seq} of ${line.peer}`);
  const receipt = judgeReceipt(chain, header);
  if (receipt !== 'named' && receipt !== 'lost') return receipt;
  const type = messageTypeOf(header.type);
  if (type === undefined || !mayTravel(type, line.incoming, line.receiver)) {
    return fault('UNKNOWN_TYPE', `message type ${header.type} from ${line.peer}`);
  }
  const isProven = chain.proven === undefined || chain.isShown === true;
  if (isNext && (isProven || receipt === 'named')) return { kind: 'new', header, type };
  return { kind: 'ahead', head: { seq: header.seq, hash }, isProof: receipt === 'named' };
}

function follows({ seq, previous }: Header, head: Head): boolean {
  return seq === head.seq + 1 && equalBytes(previous, head.hash);
}

function judgeOld(chain: Chain, header: Header, hash: Uint8Array): Exclude<Judged, { kind: 'new' }> {
  if (header.seq === chain.theirs.seq) {
    if (equalBytes(hash, chain.theirs.hash)) return { kind: 'duplicate' };
    return fault('FORK', `two different messages ${header.seq} of ${chain.line.peer}`);
  }
  return fault('REPLAY', `message ${header.seq} of ${chain.line.peer}, already at ${chain.theirs.seq}`);
}

/**
 * A receipt must name one of our messages, never go back, and not stay behind for ever. `lost`: it may name one that went with the
 * memory, and nobody here can tell.
 */
function judgeReceipt(chain: Chain, header: Header): 'named' | 'lost' | { kind: 'fault'; fault: Fault } {
  const receipt = { seq: header.receiptSeq, hash: header.receipt };
  const isNamed = isKnown(chain, receipt);
  const isAgain = equalHeads(receipt, chain.acknowledged);
  if (!isNamed && !isAgain && (!isLost(chain, receipt.seq) || receipt.seq === chain.acknowledged.seq)) {
    return fault('BAD_RECEIPT', `message ${header.seq} of ${chain.line.peer} acknowledges ${receipt.seq}`);
  }
  const open = chain.mine.seq - receipt.seq;
  if (open <= UNACKNOWLEDGED_MAX) return isNamed ? 'named' : 'lost';
  return fault(
    'BAD_RECEIPT',
    `message ${header.seq} of ${chain.line.peer} leaves ${open} messages unacknowledged`,
  );
}

/** The message before the oldest of `sent`. It is the last one acknowledged, or a later one that was lost with all before it. */
function baseOf({ mine, acknowledged, sent }: Ends): Head {
  const seq = mine.seq - sent.length;
  if (seq === acknowledged.seq) return acknowledged;
  const [first] = sent;
  return { seq, hash: first === undefined ? mine.hash : previousOf(first) };
}

function previousOf({ header }: Message): Uint8Array {
  const decoded = decode(Header, header, 1024);
  if (!decoded.ok) throw new Error(`a message of our own is damaged: ${decoded.fault.detail}`);
  return decoded.value.previous;
}

/** Not before what was acknowledged, and before the oldest message of our own that is known. */
function isLost(chain: Ends, seq: number): boolean {
  return seq >= chain.acknowledged.seq && seq < baseOf(chain).seq;
}

function isKnown(chain: Ends, { seq, hash }: Head): boolean {
  const base = baseOf(chain);
  if (seq === base.seq) return equalBytes(hash, base.hash);
  const message = chain.sent[seq - base.seq - 1];
  return seq > base.seq && message !== undefined && equalBytes(hash, messageHash(message.header));
}

/** Every check on a complete message. A fault never changes the chain. */
export function judgeMessage(chain: Chain, charter: Uint8Array, message: Message): Judged {
  const judged = judgeHeader(chain, charter, message.header, message.signature);
  if (judged.kind !== 'new') return judged;
  const { header, type } = judged;
  const { body } = message;
  if (
    body.length !== header.bodyLength ||
    body.length < SALT_LENGTH ||
    !equalBytes(hashBody(body), header.bodyHash)
  ) {
    return fault('BODY_HASH', `body of message ${header.seq} of ${chain.line.peer}`);
  }
  return { kind: 'new', received: { type, header, body: body.subarray(SALT_LENGTH) } };
}

/**
 * The chain once a judged message is journalled: it is the peer's head, its receipt frees what it acknowledges, and it proves the
 * place where it was taken.
 */
export function recordReceived(chain: Chain, message: Message, header: Header): Chain {
  const { line, mine, sent } = chain;
  const freed = header.receiptSeq - baseOf(chain).seq;
  return {
    line,
    mine,
    theirs: { seq: header.seq, hash: messageHash(message.header) },
    acknowledged: { seq: header.receiptSeq, hash: header.receipt },
    sent: freed > 0 ? sent.slice(freed) : sent,
  };
}

/** The chain after a message that was only looked at. Once one has shown the place, the next connection brings all of them again. */
export function lookAhead(chain: Chain, { head, isProof }: Extract<Judged, { kind: 'ahead' }>): Chain {
  if (!isProof) return { ...chain, ahead: head };
  const { ahead: _, ...rest } = chain;
  return { ...rest, isShown: true };
}

/** What each side puts into its link hello: the last message that it has taken from the other. An unsigned hint. */
export const Resume = struct('Resume', {
  seq: field(1, uint()),
  hash: field(2, bytes(32)),
  /** The last message of its own that the other has acknowledged: for a peer that has lost its memory. */
  acknowledgedSeq: optional(3, uint()),
  acknowledgedHash: optional(4, bytes(32)),
});
export type Resume = Infer<typeof Resume>;

export type Resumption =
  /** Send these again, oldest first, before anything new. */
  | { readonly kind: 'resend'; readonly messages: readonly Message[] }
  /** The peer states something that we never sent, or has forgotten what it had acknowledged. */
  | { readonly kind: 'fault'; readonly fault: Fault };

/** What to send again after a hello that says `peer` was the last message taken. */
export function planResumption(chain: Chain, peer: Head): Resumption {
  if (isKnown(chain, peer)) {
    return { kind: 'resend', messages: chain.sent.slice(peer.seq - baseOf(chain).seq) };
  }
  if (peer.seq < chain.acknowledged.seq) {
    return fault(
      'BAD_RECEIPT',
      `${chain.line.peer} says it has message ${peer.seq}, but had acknowledged ${chain.acknowledged.seq}`,
    );
  }
  return fault(
    'BAD_RECEIPT',
    `${chain.line.peer} says it has message ${peer.seq}, we sent ${chain.mine.seq}`,
  );
}

/**
 * What a receipt that is not of this chain says of this machine: its peer has seen more of it than its disk holds, or has
 * seen another message under a number of ours. Undefined: nothing, the peer's own memory is at fault.
 */
export function suspectSelf(chain: Chain, receipt: Head): 'STATE_ROLLBACK' | 'CLONE' | undefined {
  if (receipt.seq > chain.mine.seq) return 'STATE_ROLLBACK';
  if (isKnown(chain, receipt)) return undefined;
  return receipt.seq > baseOf(chain).seq ? 'CLONE' : undefined;
}

/** Where both directions of a line stand as its peer says. */
export interface Positions {
  readonly mine: Head;
  readonly theirs: Head;
}

/** A hello that names a higher number is not gone on from: half of all numbers that a header can hold are left behind it. */
export const CLAIM_MAX = 2 ** 52;

/**
 * The positions to go on from after a hello, if they are others than the chain's: the peer has taken, or says that it has shown
 * us, more than signed messages came to here; or it fits those, and what an earlier hello claimed does not. Nothing that was
 * really taken lies behind them. Undefined: it names no places, or one behind what the peer has acknowledged, or the chain stands
 * there already.
 */
export function findRealignment(chain: Chain, hello: Resume): Positions | undefined {
  const { seq, hash, acknowledgedSeq, acknowledgedHash } = hello;
  if (acknowledgedSeq === undefined || acknowledgedHash === undefined) return undefined;
  if (seq > CLAIM_MAX || acknowledgedSeq > CLAIM_MAX) return undefined;
  const proven = chain.proven ?? chain;
  if (goesBehind({ seq, hash }, proven.acknowledged)) return undefined;
  // The peer's signed messages have shown that it stands behind what was lost: no hello takes that back.
  const isMineKnown = isKnown(proven, { seq, hash }) || isLost(proven, seq);
  const isTheirsBeyond = acknowledgedSeq > proven.theirs.seq;
  const positions = {
    mine: isMineKnown ? proven.mine : { seq, hash },
    theirs: isTheirsBeyond ? { seq: acknowledgedSeq, hash: acknowledgedHash } : proven.theirs,
  };
  return stands(chain, positions) ? undefined : positions;
}

/**
 * A peer that has lost what it acknowledged has lost messages of its own as well that were taken here: it cannot go on in any case,
 * and what it had taken would be said anew under the same numbers.
 */
function goesBehind({ seq, hash }: Head, acknowledged: Head): boolean {
  return seq < acknowledged.seq || (seq === acknowledged.seq && !equalBytes(hash, acknowledged.hash));
}

/** Whether they end a claim, and claim nothing: they are where signed messages came to. */
export function isReturn({ proven }: Chain, positions: Positions): boolean {
  return proven !== undefined && stands(proven, positions);
}

/** The chain at positions that were found for it: those that signed messages came to, or a claim from there. */
export function realignChain(chain: Chain, positions: Positions): Chain {
  const { line, proven: before, ahead: _, isShown: __, ...ends } = chain;
  const proven = before ?? ends;
  if (stands(proven, positions)) return { line, ...proven };
  const { mine, theirs } = positions;
  if (equalHeads(mine, proven.mine)) return { line, ...proven, theirs, proven };
  // What is sent again has receipts of before the loss.
  const acknowledged = proven.acknowledged.seq < mine.seq ? proven.acknowledged : mine;
  return { line, mine, theirs, acknowledged, sent: [], proven };
}

function stands({ mine, theirs }: Ends, positions: Positions): boolean {
  return equalHeads(mine, positions.mine) && equalHeads(theirs, positions.theirs);
}

function equalHeads(one: Head, other: Head): boolean {
  return one.seq === other.seq && equalBytes(one.hash, other.hash);
}
