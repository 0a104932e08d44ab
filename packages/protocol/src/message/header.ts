/**
 * The signed header that binds a message to its version, charter, sender, recipient, place in the chain, request and body.
 * Spec: protocol-spec/4-messages.md, "Header".
 */
import { bytes, field, type Infer, nullable, struct, text, uint } from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

export const PROTOCOL_VERSION = 1;

/** A name of the charter's roster: 1 to 16 bytes. */
export const name = () => text(1, 16);

/** What a message may weigh with its body, in bytes; a body above INLINE_BODY_MAX is pulled in chunks. */
export const BODY_MAX = 512 * 1024;
/** Bytes of salt in front of each body, so that a body can be left out of a transcript without being guessable. */
export const SALT_LENGTH = 16;

export const Header = struct('Header', {
  version: field(1, uint(255)),
  type: field(2, uint(65535)),
  /** Hash of the first charter: what a machine and all its messages belong to for life. */
  charter: field(3, bytes(32)),
  sender: field(4, name()),
  recipient: field(5, name()),
  /** Gapless from 1 in each direction between two identities. */
  seq: field(6, uint()),
  /** Hash of the sender's message before this one; 32 zero bytes before the first. */
  previous: field(7, bytes(32)),
  /** Number and hash of the last message that the sender took from the recipient: each message is a receipt. */
  receiptSeq: field(8, uint()),
  receipt: field(9, bytes(32)),
  /** How often the sender's program has started with this identity. */
  session: field(10, uint()),
  /** Joins a result to its request; null in a message that is neither. */
  request: field(11, nullable(bytes(16))),
  /** Tagged hash of the body bytes, salt included. */
  bodyHash: field(12, bytes(32)),
  bodyLength: field(13, uint(BODY_MAX)),
  /** The sender's real-time clock, seconds since 1970. Informative, except to an auditor. */
  time: field(14, uint()),
  /** The sender's monotonic clock, µs since its program started: the reading that decided what the message says. */
  uptime: field(15, uint()),
});
export type Header = Infer<typeof Header>;

/** The hash that is signed and that the next message chains to. */
export function messageHash(header: Uint8Array): Uint8Array {
  return taggedHash('message', header);
}

/** Hash of a body as it travels: `salt(16) ‖ canonical CBOR`. */
export function hashBody(body: Uint8Array): Uint8Array {
  return taggedHash('body', body);
}

/** Hash of a request's canonical CBOR without its salt: equal for equal requests, whenever and by whom they are sent. */
export function hashRequest(canonicalBody: Uint8Array): Uint8Array {
  return taggedHash('request', canonicalBody);
}
