/**
 * A log read as what it is evidence of: messages and local events in the order in which its owner met them.
 * Refuses, as findings, records that cannot be read and owners that the charter does not know.
 */
import type { Receiver } from '@coldwire/protocol';
import type { Findings, Place } from '../finding.ts';
import type { Roster } from '../roster.ts';
import type { Entry, Log } from './load-log.ts';
import { type Happening, readLocal } from './local.ts';
import { type LoggedMessage, readMessage } from './message.ts';

export type Item =
  | { readonly kind: 'message'; readonly entry: Entry; readonly message: LoggedMessage }
  | { readonly kind: 'local'; readonly entry: Entry; readonly local: Happening }
  | { readonly kind: 'change'; readonly entry: Entry };

export interface Transcript {
  readonly log: Log;
  readonly owner: string;
  readonly role: 'vault' | Receiver;
  readonly items: readonly Item[];
  readonly messages: readonly LoggedMessage[];
}

/** undefined, after a finding, when nobody of the charter owns the log. */
export function readTranscript(log: Log, roster: Roster, findings: Findings): Transcript | undefined {
  const { owner } = log;
  const start: Place = log.entries[0]?.place ?? log.end;
  const role = owner === undefined ? undefined : roster.roles.get(owner);
  if (owner === undefined || role === undefined) {
    // A log that cannot be read from its first byte on has its finding already.
    if (log.entries.length > 0)
      findings.find('WRONG_PEER', start, `the log of ${owner ?? 'nobody'}, who is not in the charter`);
    return undefined;
  }
  const items = log.entries.flatMap((entry) => readItem(entry, role, findings) ?? []);
  const messages = items.flatMap((item) => (item.kind === 'message' ? [item.message] : []));
  return { log, owner, role, items, messages };
}

function readItem(entry: Entry, role: Transcript['role'], findings: Findings): Item | undefined {
  switch (entry.kind) {
    case 'segment':
      return undefined;
    case 'change':
      return { kind: 'change', entry };
    case 'local': {
      const local = readLocal(role, entry.bytes);
      if (local !== undefined) return { kind: 'local', entry, local };
      findings.find('AUDIT_RECORD', entry.place, 'a local record that is no local event');
      return undefined;
    }
    case 'received':
    case 'sent': {
      const message = readMessage(entry.bytes, entry, entry.kind, findings);
      return message === undefined ? undefined : { kind: 'message', entry, message };
    }
  }
}
