/** Each line as one conversation, put together from all logs: what went down to a signer or gate, and what came up. */
import type { Receiver } from '@coldwire/protocol';
import type { LoggedMessage } from '../log/message.ts';
import { peerOf, type Roster } from '../roster.ts';
import type { Table } from './ends.ts';

export interface Line {
  readonly vault: string;
  readonly peer: string;
  readonly receiver: Receiver;
  /** By number, ascending. */
  readonly down: readonly LoggedMessage[];
  readonly up: readonly LoggedMessage[];
}

export function gatherLines(table: Table, roster: Roster): readonly Line[] {
  const lines = new Map<string, { line: Line; down: LoggedMessage[]; up: LoggedMessage[] }>();
  for (const message of table.values()) {
    const { sender, recipient } = message.header;
    const receiver = peerOf(roster, sender, recipient);
    if (receiver === undefined) continue;
    const isDown = roster.roles.get(sender) === 'vault';
    const [vault, peer] = isDown ? [sender, recipient] : [recipient, sender];
    let found = lines.get(`${vault} ${peer}`);
    if (found === undefined) {
      const down: LoggedMessage[] = [];
      const up: LoggedMessage[] = [];
      found = { line: { vault, peer, receiver, down, up }, down, up };
      lines.set(`${vault} ${peer}`, found);
    }
    (isDown ? found.down : found.up).push(message);
  }
  return [...lines.values()].map(({ line, down, up }) => {
    for (const way of [down, up]) way.sort((a, b) => a.header.seq - b.header.seq);
    return line;
  });
}
