/**
 * Clock readings and session numbers: monotonic running time within each start, sessions counted up by one per start, and
 * each message of the owner's carrying the reading that its log has. Proves that a replay is given the readings that
 * decided. Spec: protocol-spec/4-messages.md, "Header"; 9-evidence.md.
 */
import type { Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import { identify, type Roster } from '../roster.ts';

export const CHECK_READINGS = 'readings';

/** A peer as its messages show it. */
interface Seen {
  readonly session: number;
  readonly uptime: number;
}

export function checkReadings({ items }: Transcript, roster: Roster, findings: Findings): void {
  let session = 0;
  let uptime = 0;
  const peers = new Map<string, Seen>();
  for (const item of items) {
    const { place, uptime: now } = item.entry;
    findings.count(CHECK_READINGS);
    const isStart = item.kind === 'local' && item.local.event === 'start';
    if (isStart) session += 1;
    else if (now < uptime)
      findings.find('AUDIT_READING', place, `running time ${now} µs, after ${uptime} µs`);
    uptime = now;
    if (item.kind !== 'message') continue;
    if (item.message.way === 'sent') checkOwn(item.message, session, findings);
    else checkPeer(item.message, peers, roster, findings);
  }
}

function checkOwn(message: LoggedMessage, session: number, findings: Findings): void {
  const { header, place, uptime, time } = message;
  if (header.uptime !== uptime || header.time !== time)
    findings.find('AUDIT_READING', place, `${nameOf(message)} states another reading than its log`);
  if (header.session !== session) {
    const what = `${nameOf(message)} is of session ${header.session}, the log is in session ${session}`;
    findings.find('AUDIT_READING', place, what);
  }
}

function checkPeer(
  message: LoggedMessage,
  peers: Map<string, Seen>,
  roster: Roster,
  findings: Findings,
): void {
  const { sender, session, uptime } = message.header;
  // With another link key begins another machine, which counts its own starts.
  const peer = `${sender} ${identify(roster, message)}`;
  const seen = peers.get(peer) ?? { session: 0, uptime: 0 };
  if (session < seen.session || session === 0) {
    const what = `${nameOf(message)} is of session ${session}, after session ${seen.session}`;
    findings.find('AUDIT_READING', message.place, what);
  } else if (session === seen.session && uptime < seen.uptime) {
    const what = `${nameOf(message)}: running time ${uptime} µs, after ${seen.uptime} µs`;
    findings.find('AUDIT_READING', message.place, what);
  }
  peers.set(peer, { session, uptime });
}
