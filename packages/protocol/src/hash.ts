/**
 * Domain-tagged SHA-256: every hash that is signed, chained or compared has a tag of its own, so that bytes made for
 * one purpose never stand for another. Spec: protocol-spec/4-messages.md, "Hashes".
 */
import { sha256 } from '@noble/hashes/sha2.js';

const PREFIX = 'coldwire/v1/';

/** The purposes for which this protocol hashes. A new purpose gets a new tag; tags are never reused. */
export type Domain =
  | 'blob'
  | 'charter'
  | 'commitment'
  | 'connection'
  | 'intent'
  | 'log'
  | 'message'
  | 'order'
  | 'body'
  | 'registration'
  | 'request'
  | 'share'
  | 'verdict'
  | 'witness';

const tags = new Map<Domain, Uint8Array>();

function tagOf(domain: Domain): Uint8Array {
  let tag = tags.get(domain);
  if (tag === undefined) {
    tag = new TextEncoder().encode(`${PREFIX}${domain}\0`);
    tags.set(domain, tag);
  }
  return tag;
}

/**
 * SHA-256 over `"coldwire/v1/" ‖ domain ‖ 00 ‖ parts`.
 * Parts are joined without lengths: each caller's parts have fixed lengths, except the last.
 * @returns 32 bytes
 */
export function taggedHash(domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = sha256.create().update(tagOf(domain));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
