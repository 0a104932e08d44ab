/**
 * What a signer said twice under one number because its line went back in between: whoever holds the line can say to a signer that
 * lacks a witness that it stands lower, as long as nothing above that was acknowledged or is a SIGNED. The record of that in its own
 * log tells it from a second machine. Spec: protocol-spec/9-evidence.md, "Audit", and 14-memory.md, "Lines after a loss".
 */
import { equalBytes } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import { readRealignment } from './chain.ts';

/** By their names: messages in whose place their sender's own log says another one. */
export type Retold = ReadonlyMap<string, readonly LoggedMessage[]>;

/** What one log holds of its owner's messages to one peer, as far as it has come. */
interface Said {
  /** The last one of each number. */
  readonly sent: Map<number, LoggedMessage>;
  /** Nothing up to this number may be taken back: it was acknowledged, or is a SIGNED. */
  fixedUpTo: number;
  /** What the line went back behind, by number. */
  dropped: ReadonlyMap<number, LoggedMessage>;
}

export function findRetold(transcripts: readonly Transcript[], findings: Findings): Retold {
  const retold = new Map<string, LoggedMessage[]>();
  for (const transcript of transcripts) {
    for (const [before, after] of retoldIn(transcript)) {
      const name = nameOf(before);
      retold.set(name, [...(retold.get(name) ?? []), before]);
      const what = `${name} is another message than in record ${before.place.record}: the line went back behind it in between`;
      findings.note(after.place, what);
    }
  }
  return retold;
}

export function isRetold(retold: Retold, message: LoggedMessage): boolean {
  return retold.get(nameOf(message))?.some(({ packed }) => equalBytes(packed, message.packed)) === true;
}

function retoldIn({
  items,
}: Transcript): readonly (readonly [before: LoggedMessage, after: LoggedMessage])[] {
  const lines = new Map<string, Said>();
  const lineTo = (peer: string): Said => {
    const line = lines.get(peer) ?? { sent: new Map(), fixedUpTo: 0, dropped: new Map() };
    lines.set(peer, line);
    return line;
  };
  return items.flatMap((item) => {
    if (item.kind === 'local' && item.local.event === 'realign') {
      const read = readRealignment(item.local.detail);
      if (read !== undefined) goBack(lineTo(read.peer), read.mine.seq);
    }
    if (item.kind !== 'message') return [];
    const { way, header } = item.message;
    if (way === 'sent') return say(lineTo(header.recipient), item.message);
    const line = lineTo(header.sender);
    line.fixedUpTo = Math.max(line.fixedUpTo, header.receiptSeq);
    return [];
  });
}

function goBack(line: Said, seq: number): void {
  const above = [...line.sent].filter(([number]) => number > seq);
  line.dropped = new Map(seq < line.fixedUpTo ? [] : above);
}

function say(line: Said, message: LoggedMessage): readonly (readonly [LoggedMessage, LoggedMessage])[] {
  const { seq } = message.header;
  const before = line.dropped.get(seq);
  line.sent.set(seq, message);
  if (message.type === 'SIGNED') line.fixedUpTo = Math.max(line.fixedUpTo, seq);
  return before === undefined || equalBytes(before.packed, message.packed) ? [] : [[before, message]];
}
