/** Each line as one conversation, put together from all logs: what went down to a signer or gate, and what came up. */
import type { Receiver } from '@coldwire/protocol';
import type { LoggedMessage } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import { identify, peerOf, type Roster } from '../roster.ts';
import type { Table } from './ends.ts';

export interface Line {
  readonly vault: string;
  readonly peer: string;
  readonly receiver: Receiver;
  /** By number, ascending. */
  readonly down: readonly LoggedMessage[];
  readonly up: readonly LoggedMessage[];
}

/** A line apart for each link key that the signer or gate has had on it, in the order of its messages. */
function splitByMachine(line: Line, roster: Roster): readonly (readonly [machine: string, Line])[] {
  const machines = new Map<string, LoggedMessage[]>();
  for (const message of line.up) {
    const machine = identify(roster, message);
    const known = machines.get(machine);
    if (known === undefined) machines.set(machine, [message]);
    else known.push(message);
  }
  let taken = 0;
  return [...machines].map(([machine, up]) => {
    const from = taken;
    // One by one: as the arguments of one call, the messages of a long life would not fit on the stack.
    for (const { header } of up) taken = Math.max(taken, header.receiptSeq);
    // What the one before had taken was never said to this one.
    return [machine, { ...line, up, down: line.down.filter(({ header }) => header.seq > from) }] as const;
  });
}

/** All lines of one name, by the machine that was at their end. */
export function groupByMachine(lines: readonly Line[], roster: Roster): ReadonlyMap<string, readonly Line[]> {
  const machines = new Map<string, Line[]>();
  for (const [machine, line] of lines.flatMap((one) => splitByMachine(one, roster)))
    machines.set(machine, [...(machines.get(machine) ?? []), line]);
  return machines;
}

/** Which of the machines of its owner's name wrote a log; undefined: one that said nothing. */
export function machineOf({ messages }: Transcript, roster: Roster): string | undefined {
  const said = messages.find(({ way }) => way === 'sent');
  return said === undefined ? undefined : identify(roster, said);
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
