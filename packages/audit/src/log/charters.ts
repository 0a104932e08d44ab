/**
 * The chain of charters as the logs hold it: the first is given, every later one travelled in a CHARTER message. Judged by the
 * auditor's own code; what does not follow, or too few signed, is no charter and stays a message that machines refused.
 * Spec: protocol-spec/9-evidence.md, "Audit".
 */
import {
  CharterBody,
  decode,
  Header,
  MESSAGE_TYPES,
  MessageBytes,
  RECORD_MAX,
  SALT_LENGTH,
  type SignedCharter,
  toHex,
} from '@coldwire/protocol';
import { extendRoster, type Roster } from '../roster.ts';
import type { Log } from './load-log.ts';

/** Adds to the roster what follows its newest charter, as far as the logs go. */
export function followCharters(logs: readonly Log[], roster: Roster): void {
  const found = new Map<string, SignedCharter>();
  for (const { entries } of logs) {
    for (const { kind, bytes } of entries) {
      if (kind !== 'received' && kind !== 'sent') continue;
      const charter = readCharter(bytes);
      if (charter !== undefined) found.set(toHex(charter[0]), charter);
    }
  }
  // In whatever order they were handed over: until a round adds none.
  for (let grew = true; grew; ) {
    grew = false;
    for (const [id, signed] of found) {
      if (!extendRoster(roster, signed)) continue;
      found.delete(id);
      grew = true;
    }
  }
}

function readCharter(packed: Uint8Array): SignedCharter | undefined {
  const parts = decode(MessageBytes, packed, RECORD_MAX);
  const header = parts.ok ? decode(Header, parts.value[0], 1024) : undefined;
  if (!parts.ok || header?.ok !== true || header.value.type !== MESSAGE_TYPES.CHARTER.number)
    return undefined;
  const body = decode(CharterBody, parts.value[1].subarray(SALT_LENGTH), RECORD_MAX);
  return body.ok ? body.value.charter : undefined;
}
