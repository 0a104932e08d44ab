/**
 * Each message by itself: from and for the machines that a line joins, under this charter, a type that may travel this way,
 * signed by its sender's key. Proves who said it. Spec: protocol-spec/4-messages.md, "Header".
 */
import { type Direction, mayTravel } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import { isSameCharter, keyOf, peerOf, type Roster } from '../roster.ts';

export const CHECK_ORIGIN = 'origin';

export function checkOrigin(message: LoggedMessage, roster: Roster, findings: Findings): void {
  const { header, place, type } = message;
  const { sender, recipient } = header;
  findings.count(CHECK_ORIGIN);
  const receiver = peerOf(roster, sender, recipient);
  if (receiver === undefined) {
    findings.find('WRONG_PEER', place, `${nameOf(message)}: no line of the charter joins these two`);
    return;
  }
  if (!isSameCharter(roster, header.charter))
    findings.find('WRONG_CHARTER', place, `${nameOf(message)} was made under another charter`);
  const direction: Direction = roster.roles.get(sender) === 'vault' ? 'down' : 'up';
  if (!mayTravel(type, direction, receiver))
    findings.find('UNKNOWN_TYPE', place, `${nameOf(message)}: ${type} does not go this way`);
  if (keyOf(roster, message) === undefined)
    findings.find('BAD_SIGNATURE', place, `${nameOf(message)} is not signed by the key of ${sender}`);
}

/** A log holds what its owner sent, as sent, and what its owner was sent, as received. */
export function checkOwner(message: LoggedMessage, owner: string, findings: Findings): void {
  const { sender, recipient } = message.header;
  const said = message.way === 'sent' ? sender : recipient;
  if (said !== owner)
    findings.find('WRONG_PEER', message.place, `${nameOf(message)} is ${message.way} in the log of ${owner}`);
}
