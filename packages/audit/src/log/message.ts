/**
 * A message out of a log: parts, header and body, each decoded by the canonical form, and its hash computed anew. What does
 * not have the form is a finding and is left out of every later check.
 * Spec: protocol-spec/4-messages.md, "Header" and "Bodies".
 */
import {
  BODIES,
  BODY_MAX,
  decode,
  equalBytes,
  Header,
  hashBody,
  MessageBytes,
  type MessageType,
  messageHash,
  messageTypeOf,
  PROTOCOL_VERSION,
  RECORD_MAX,
  SALT_LENGTH,
  toHex,
} from '@coldwire/protocol';
import type { Findings, Place } from '../finding.ts';
import type { Entry } from './load-log.ts';

export interface LoggedMessage {
  readonly place: Place;
  readonly way: 'sent' | 'received';
  readonly type: MessageType;
  readonly header: Header;
  readonly hash: Uint8Array;
  readonly signature: Uint8Array;
  /** Canonical CBOR, without the salt. */
  readonly body: Uint8Array;
  /** Exactly the record's bytes. */
  readonly packed: Uint8Array;
  /** The owner's reading when it logged this. */
  readonly uptime: number;
  readonly time: number;
}

/** Sender, recipient and number: what one message exists for once. */
export function nameOf({ header }: { readonly header: Header }): string {
  return `${header.sender} to ${header.recipient} #${header.seq}`;
}

export function requestOf({ header }: LoggedMessage): string | undefined {
  return header.request === null ? undefined : toHex(header.request);
}

/** undefined after a finding. */
export function readMessage(
  packed: Uint8Array,
  at: Pick<Entry, 'place' | 'uptime' | 'time'>,
  way: 'sent' | 'received',
  findings: Findings,
): LoggedMessage | undefined {
  const { place, uptime, time } = at;
  const parts = decode(MessageBytes, packed, RECORD_MAX);
  if (!parts.ok) return miss(findings, place, `not a message: ${parts.fault.detail}`);
  const [headerBytes, salted, signature] = parts.value;
  const decoded = decode(Header, headerBytes, 1024);
  if (!decoded.ok) return miss(findings, place, `not a header: ${decoded.fault.detail}`);
  const header = decoded.value;
  if (header.version !== PROTOCOL_VERSION)
    return miss(findings, place, `a message of protocol version ${header.version}`);
  const type = messageTypeOf(header.type);
  if (type === undefined) {
    findings.find('UNKNOWN_TYPE', place, `${nameOf({ header })} is of the unknown type ${header.type}`);
    return undefined;
  }
  const isWhole = salted.length >= SALT_LENGTH && salted.length === header.bodyLength;
  if (!isWhole || !equalBytes(hashBody(salted), header.bodyHash))
    findings.find('BODY_HASH', place, `${nameOf({ header })}: the body is not the one that was signed`);
  const body = salted.subarray(SALT_LENGTH);
  checkBody(findings, place, type, header, body);
  const hash = messageHash(headerBytes);
  return { place, way, type, header, hash, signature, body, packed, uptime, time };
}

function miss(findings: Findings, place: Place, what: string): undefined {
  findings.find('MALFORMED', place, what);
}

function checkBody(
  findings: Findings,
  place: Place,
  type: MessageType,
  header: Header,
  body: Uint8Array,
): void {
  const decoded = decode<unknown>(BODIES[type], body, BODY_MAX);
  if (!decoded.ok)
    findings.find('MALFORMED', place, `${nameOf({ header })}, ${type}: ${decoded.fault.detail}`);
}

export function isRequest(type: MessageType): boolean {
  return type in ANSWERS;
}

/** What may answer each request. */
export const ANSWERS: { readonly [request: string]: readonly MessageType[] } = {
  STATUS: ['STATE', 'REFUSED'],
  HEADERS: ['DONE', 'REFUSED'],
  ADMIT: ['DONE', 'REFUSED'],
  SIGN: ['SIGNED', 'REFUSED'],
  DEAD: ['DEATH', 'REFUSED'],
  BURY: ['DONE', 'REFUSED'],
  FREEZE: ['DONE', 'REFUSED'],
  UNFREEZE: ['DONE', 'REFUSED'],
  REGISTER: ['DONE', 'REFUSED'],
  CHARTER: ['DONE', 'REFUSED'],
  CLEAR: ['CLEARED', 'REFUSED'],
  WITNESS: ['WITNESSED', 'REFUSED'],
  ATTEST: ['DONE', 'REFUSED'],
  RESTORE: ['DONE', 'REFUSED'],
};

export function isResult(type: MessageType): boolean {
  return Object.values(ANSWERS).some((answers) => answers.includes(type));
}
