/**
 * Both ends' logs of each line held against each other, message by message and byte by byte. What one end logged as received
 * the other must have logged as sent; nobody made two messages with one number. What was sent and is not yet taken is in
 * flight. Proves that no log was cut, rolled back or forked as far as the other end can know.
 */
import { equalBytes } from '@coldwire/protocol';
import type { Findings, Place } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import { findRetold, isRetold } from './retold.ts';

export const CHECK_ENDS = 'ends';

/** Every message that any log holds, once, by its name. */
export type Table = ReadonlyMap<string, LoggedMessage>;

export function buildTable(transcripts: readonly Transcript[], findings: Findings): Table {
  const table = new Map<string, LoggedMessage>();
  const retold = findRetold(transcripts, findings);
  for (const { messages } of transcripts) {
    // What was said in the place of such a message is in the table; what both were is a note.
    for (const message of messages) if (!isRetold(retold, message)) addMessage(table, message, findings);
  }
  return table;
}

function addMessage(table: Map<string, LoggedMessage>, message: LoggedMessage, findings: Findings): void {
  const name = nameOf(message);
  const known = table.get(name);
  if (known === undefined) table.set(name, message);
  else checkSame(known, message, findings);
}

export function checkSame(known: LoggedMessage, message: LoggedMessage, findings: Findings): void {
  findings.count(CHECK_ENDS);
  if (equalBytes(known.packed, message.packed)) return;
  findings.find(
    'FORK',
    message.place,
    `${nameOf(message)} is another message than in ${describe(known.place)}`,
  );
}

function describe({ log, record }: Place): string {
  return `${log}, record ${record}`;
}

/** Names of all messages that one party's logs hold in one way. */
function namesOf(transcripts: readonly Transcript[], way: LoggedMessage['way']): ReadonlySet<string> {
  const all = transcripts.flatMap(({ messages }) => messages.filter((message) => message.way === way));
  return new Set(all.map(nameOf));
}

/** The logs in which `owner` would have written what it said to, and heard from, `peer`. */
export function logsOf(
  transcripts: readonly Transcript[],
  owner: string,
  peer: string,
): readonly Transcript[] {
  const isOf = ({ header }: LoggedMessage) => header.sender === peer || header.recipient === peer;
  // A vault has a log for each line; the other machines have one for all of theirs.
  return transcripts.filter((transcript) => {
    return transcript.owner === owner && (transcript.role !== 'vault' || transcript.messages.some(isOf));
  });
}

export function checkEnds(transcripts: readonly Transcript[], findings: Findings): void {
  for (const transcript of transcripts) {
    for (const peer of peersOf(transcript)) {
      const others = logsOf(transcripts, peer, transcript.owner);
      if (others.length === 0) continue;
      const sent = namesOf(others, 'sent');
      const received = namesOf(others, 'received');
      checkReceived(transcript, peer, sent, findings);
      noteInFlight(transcript, peer, received, findings);
    }
  }
}

function peersOf({ messages }: Transcript): ReadonlySet<string> {
  return new Set(messages.map(({ way, header }) => (way === 'sent' ? header.recipient : header.sender)));
}

function checkReceived(
  { owner, messages }: Transcript,
  peer: string,
  sent: ReadonlySet<string>,
  findings: Findings,
): void {
  for (const message of messages) {
    if (message.way !== 'received' || message.header.sender !== peer) continue;
    if (sent.has(nameOf(message))) continue;
    const what = `${owner} took ${nameOf(message)}, but the log of ${peer} does not hold it`;
    findings.find('AUDIT_MISSING', message.place, what);
  }
}

function noteInFlight(
  { messages }: Transcript,
  peer: string,
  received: ReadonlySet<string>,
  findings: Findings,
): void {
  const own = messages.filter(({ way, header }) => way === 'sent' && header.recipient === peer);
  const open = own.filter((message) => !received.has(nameOf(message)));
  const [first] = open;
  if (first !== undefined)
    findings.note(first.place, `${open.length} messages from here on were not yet taken by ${peer}`);
}
