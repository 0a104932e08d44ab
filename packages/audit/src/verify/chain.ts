/**
 * The chains of messages in one log: gapless, each naming the one before it, each a receipt for exactly what its sender had
 * taken when it spoke. Proves that nothing was removed, repeated, moved or put in. Spec: protocol-spec/4-messages.md, "Chain".
 */
import { equalBytes } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';

export const CHECK_CHAIN = 'chain';

interface End {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** Both directions between the owner and one peer, as far as the log has come. */
interface Line {
  mine: End;
  theirs: End;
  /** The last of the owner's messages that the peer acknowledged. */
  acknowledged: number;
  /** Hashes of the owner's messages by number. */
  readonly sent: Map<number, Uint8Array>;
}

const ZERO: End = { seq: 0, hash: new Uint8Array(32) };

/** Messages of one log, in its order. */
export function checkChains(messages: readonly LoggedMessage[], findings: Findings): void {
  const lines = new Map<string, Line>();
  for (const message of messages) {
    const peer = message.way === 'sent' ? message.header.recipient : message.header.sender;
    let line = lines.get(peer);
    if (line === undefined) {
      line = { mine: ZERO, theirs: ZERO, acknowledged: 0, sent: new Map([[0, ZERO.hash]]) };
      lines.set(peer, line);
    }
    findings.count(CHECK_CHAIN);
    if (message.way === 'sent') takeSent(line, message, findings);
    else takeReceived(line, message, findings);
  }
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
  if (named === undefined || !equalBytes(named, header.receipt)) {
    const what = `${nameOf(message)} acknowledges ${header.receiptSeq}, which was not sent, or not so`;
    findings.find('BAD_RECEIPT', message.place, what);
  } else if (header.receiptSeq < line.acknowledged) {
    const what = `${nameOf(message)} acknowledges ${header.receiptSeq}, after ${line.acknowledged} before`;
    findings.find('BAD_RECEIPT', message.place, what);
  } else line.acknowledged = header.receiptSeq;
  line.theirs = { seq: header.seq, hash };
}

function checkLink(before: End, message: LoggedMessage, findings: Findings): void {
  const { seq, previous } = message.header;
  if (seq !== before.seq + 1)
    findings.find('BAD_CHAIN', message.place, `${nameOf(message)} follows number ${before.seq}`);
  else if (!equalBytes(previous, before.hash))
    findings.find('BAD_CHAIN', message.place, `${nameOf(message)} does not name the message before it`);
}
