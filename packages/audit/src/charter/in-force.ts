/**
 * Which charter a signer had in force when it said what it said. A charter that it took (DONE) and that loosens nothing was in force
 * from there on, by the auditor's own reading of the ordering table; any other one from where the signer says so, in its own
 * log or by NOTICE. Spec: protocol-spec/5-charter.md, "Succession".
 */
import {
  BODY_MAX,
  type Charter,
  CharterBody,
  decode,
  hashCharter,
  Notice,
  RECORD_MAX,
  toHex,
} from '@coldwire/protocol';
import type { Happening } from '../log/local.ts';
import { type LoggedMessage, requestOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import type { Roster } from '../roster.ts';
import type { Line } from '../verify/line.ts';
import { loosens } from './loosens.ts';

/** A message that the signer said, and the charter that it had in force. */
export interface Said {
  readonly message: LoggedMessage;
  readonly charter: Charter;
}

type Event = Happening | LoggedMessage;

/**
 * All that a signer ever said, in its order.
 * @param own its own log, if it was given
 * @param lines all of its lines, to whichever vaults
 */
export function followSigner(
  own: Transcript | undefined,
  lines: readonly Line[],
  roster: Roster,
): readonly Said[] {
  const offered = new Map<string, string>();
  for (const message of lines.flatMap(({ down }) => down)) {
    const body = message.type === 'CHARTER' ? decode(CharterBody, message.body, RECORD_MAX) : undefined;
    if (body?.ok === true) offered.set(requestOf(message) ?? '', toHex(hashCharter(body.value.charter[0])));
  }
  const known = new Map(roster.hashes.map((hash, place) => [hash, roster.charters[place]]));
  const installed = new Set([roster.hashes[0]]);
  let { charter } = roster;
  return (own === undefined ? eventsOfLines(lines) : eventsOfLog(own)).flatMap((event): readonly Said[] => {
    if (!('header' in event)) {
      if (event.event === 'enact') charter = known.get(event.detail) ?? charter;
      return [];
    }
    const hash = event.type === 'DONE' ? offered.get(requestOf(event) ?? '') : undefined;
    const taken = hash === undefined || installed.has(hash) ? undefined : known.get(hash);
    if (taken !== undefined) {
      installed.add(hash);
      if (!loosens(charter, taken)) charter = taken;
    }
    return [{ message: event, charter }];
  });
}

function eventsOfLog({ items }: Transcript): readonly Event[] {
  return items.flatMap((item): readonly Event[] => {
    if (item.kind === 'local') return [item.local];
    return item.kind === 'message' && item.message.way === 'sent' ? [item.message] : [];
  });
}

/** It speaks on one line at a time, and its running time goes on from one to the next. */
function eventsOfLines(lines: readonly Line[]): readonly Event[] {
  const all = lines.flatMap(({ up }) => up);
  all.sort(({ header: a }, { header: b }) => a.session - b.session || a.uptime - b.uptime || a.seq - b.seq);
  return all.flatMap((message): readonly Event[] => {
    const notice = message.type === 'NOTICE' ? decode(Notice, message.body, BODY_MAX) : undefined;
    return notice?.ok === true ? [notice.value, message] : [message];
  });
}
