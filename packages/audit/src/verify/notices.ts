/**
 * What happened at a machine itself. A start under another charter is a finding. What it told of itself (NOTICE) against what its own log says happened there. Proves that no start, unlock, lock or
 * freeze was invented or told otherwise; what was not told, because a crash came between, is a note.
 */
import { concatBytes, decode, equalBytes, type GateMember, Notice, toHex } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import { listGates, type Roster } from '../roster.ts';

export const CHECK_NOTICES = 'notices';

export function checkNotices(transcript: Transcript, findings: Findings): void {
  const waiting: { event: string; detail: string }[] = [];
  for (const item of transcript.items) {
    if (item.kind === 'local' && item.local.event !== 'greet') waiting.push(item.local);
    if (item.kind !== 'message' || item.message.way !== 'sent' || item.message.type !== 'NOTICE') continue;
    findings.count(CHECK_NOTICES);
    const notice = decode(Notice, item.message.body);
    if (!notice.ok) continue; // a finding already
    const { event, detail } = notice.value;
    const at = waiting.findIndex((local) => local.event === event && local.detail === detail);
    if (at < 0) {
      const what = `${nameOf(item.message)} tells of "${event}", of which the log knows nothing`;
      findings.find('AUDIT_NOTICE', item.message.place, what);
      continue;
    }
    if (at > 0) findings.note(item.message.place, `${at} earlier events were never told to the vault`);
    waiting.splice(0, at + 1);
  }
}

/** The local record of each start names the first charter, but a vault's; a gate's also the keys that it runs with. */
export function checkStarts({ role, owner, items }: Transcript, roster: Roster, findings: Findings): void {
  if (role === 'vault') return;
  for (const item of items) {
    if (item.kind !== 'local' || item.local.event !== 'start') continue;
    const { detail, keys } = item.local;
    if (detail !== toHex(roster.first))
      findings.find('WRONG_CHARTER', item.entry.place, 'the machine was started under another charter');
    if (keys !== undefined && !listGates(roster, owner).some((gate) => equalBytes(keysOf(gate), keys)))
      findings.find('WRONG_PEER', item.entry.place, `no charter gives the keys of this start to ${owner}`);
  }
}

function keysOf({ key, sealKey }: GateMember): Uint8Array {
  return concatBytes(key, sealKey);
}
