/**
 * The chains of messages in one log: gapless, each naming the one before it, each a receipt for exactly what its sender had
 * taken when it spoke. Proves that nothing was removed, repeated, moved or put in. Spec: protocol-spec/4-messages.md, "Chain".
 */
import { equalBytes, fromHex } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import type { Entry } from '../log/load-log.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';

export const CHECK_CHAIN = 'chain';

interface End {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** Both directions between the owner and one peer, as far as the log has come. */
interface Ends {
  mine: End;
  theirs: End;
  /** The last of the owner's messages that the peer acknowledged. */
  acknowledged: number;
  /** Hashes of the owner's messages by number. */
  readonly sent: Map<number, Uint8Array>;
  /** Of the messages before this one, and behind those acknowledged, this log has lost some: what it lacks says nothing. */
  readonly lostUpTo: number;
}

interface Line extends Ends {
  /** The ends that signed messages came to, while the line stands where only a hello has put it. */
  proven?: Ends | undefined;
}

const ZERO: End = { seq: 0, hash: new Uint8Array(32) };

/**
 * Messages of one log, in its order. A signer that has lost its memory goes on from where its peer says that it stands, and
 * writes that down: the gap is then no finding of this log, and shows where the log is held against its peer's.
 */
export function checkChains({ items }: Transcript, findings: Findings): void {
  const lines = new Map<string, Line>();
  for (const item of items) {
    if (item.kind === 'local' && item.local.event === 'realign')
      realign(lines, item.local.detail, item.entry, findings);
    if (item.kind !== 'message') continue;
    const { message } = item;
    const peer = message.way === 'sent' ? message.header.recipient : message.header.sender;
    let line = lines.get(peer);
    if (line === undefined) {
      line = newEnds();
      lines.set(peer, line);
    }
    findings.count(CHECK_CHAIN);
    if (message.way === 'sent') takeSent(line, message, findings);
    else takeReceived(line, message, findings);
  }
}

/** Where the line to a peer goes on by the detail of the event `realign`; undefined: it names no places. */
export function readRealignment(
  detail: string,
): { readonly peer: string; readonly mine: End; readonly theirs: End } | undefined {
  const found = /^(\d{1,16}) ([0-9a-f]{64}) (\d{1,16}) ([0-9a-f]{64}) (.{1,16})$/u.exec(detail);
  if (found === null) return undefined;
  const [, mine = '', mineHash = '', theirs = '', theirsHash = '', peer = ''] = found;
  return {
    peer,
    mine: { seq: Number(mine), hash: fromHex(mineHash) },
    theirs: { seq: Number(theirs), hash: fromHex(theirsHash) },
  };
}

function realign(lines: Map<string, Line>, detail: string, { place }: Entry, findings: Findings): void {
  const read = readRealignment(detail);
  if (read === undefined) {
    findings.find('AUDIT_RECORD', place, 'a realignment that names no places');
    return;
  }
  const { peer, mine: end, theirs: other } = read;
  const before = lines.get(peer);
  const proven = before?.proven ?? before ?? newEnds();
  const isMine = isSame(end, proven.mine);
  if (isMine && isSame(other, proven.theirs)) {
    lines.set(peer, { ...proven, proven: undefined });
    findings.note(
      place,
      `it went back to message ${end.seq} to ${peer}: what a hello had claimed was not so`,
    );
    return;
  }
  const own = isMine
    ? { acknowledged: proven.acknowledged, sent: proven.sent, lostUpTo: proven.lostUpTo }
    : claimOwn(proven, end);
  lines.set(peer, { mine: end, theirs: other, ...own, proven });
  findings.note(
    place,
    `it had lost its memory and went on after message ${end.seq} to ${peer}, as ${peer} told it`,
  );
}

/** What the peer sends again after a loss acknowledges what it did when it was signed. */
function claimOwn({ acknowledged, sent }: Ends, end: End): Pick<Ends, 'acknowledged' | 'sent' | 'lostUpTo'> {
  const last = sent.get(acknowledged);
  const isBefore = last !== undefined && acknowledged < end.seq;
  return {
    acknowledged: isBefore ? acknowledged : end.seq,
    sent: new Map([...(isBefore ? [[acknowledged, last] as const] : []), [end.seq, end.hash]]),
    lostUpTo: end.seq,
  };
}

function newEnds(): Ends {
  return { mine: ZERO, theirs: ZERO, acknowledged: 0, sent: new Map([[0, ZERO.hash]]), lostUpTo: 0 };
}

function isSame(one: End, other: End): boolean {
  return one.seq === other.seq && equalBytes(one.hash, other.hash);
}

function takeSent(line: Line, message: LoggedMessage, findings: Findings): void {
  const { header, hash } = message;
  checkLink(line.mine, message, findings);
  if (header.receiptSeq !== line.theirs.seq || !equalBytes(header.receipt, line.theirs.hash)) {
    const what = `${nameOf(message)} acknowledges ${header.receiptSeq}, but its sender had taken ${line.theirs.seq}`;
    findings.find('BAD_RECEIPT', message.place, what);
  }
  line.mine = { seq: header.seq, hash };
  line.sent.set(header.seq, hash);
}

function takeReceived(line: Line, message: LoggedMessage, findings: Findings): void {
  const { header, hash } = message;
  checkLink(line.theirs, message, findings);
  const named = line.sent.get(header.receiptSeq);
  const isLost =
    named === undefined && header.receiptSeq > line.acknowledged && header.receiptSeq < line.lostUpTo;
  if (isLost) acknowledge(line, header);
  else if (named === undefined || !equalBytes(named, header.receipt)) {
    const what = `${nameOf(message)} acknowledges ${header.receiptSeq}, which was not sent, or not so`;
    findings.find('BAD_RECEIPT', message.place, what);
  } else if (header.receiptSeq < line.acknowledged) {
    const what = `${nameOf(message)} acknowledges ${header.receiptSeq}, after ${line.acknowledged} before`;
    findings.find('BAD_RECEIPT', message.place, what);
  } else acknowledge(line, header);
  line.theirs = { seq: header.seq, hash };
  line.proven = undefined;
}

/** A message that was lost is known from here on by what the peer says of it. */
function acknowledge(line: Line, { receiptSeq, receipt }: LoggedMessage['header']): void {
  line.acknowledged = receiptSeq;
  line.sent.set(receiptSeq, receipt);
}

function checkLink(before: End, message: LoggedMessage, findings: Findings): void {
  const { seq, previous } = message.header;
  if (seq !== before.seq + 1)
    findings.find('BAD_CHAIN', message.place, `${nameOf(message)} follows number ${before.seq}`);
  else if (!equalBytes(previous, before.hash))
    findings.find('BAD_CHAIN', message.place, `${nameOf(message)} does not name the message before it`);
}
