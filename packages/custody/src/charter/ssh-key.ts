/**
 * A public key as OpenSSH writes it into a .pub file: type, base64 of the key blob, comment.
 * Takes Ed25519 keys in files and in security keys only. Sources: RFC 4253, section 6.6; RFC 8709; OpenSSH PROTOCOL.u2f.
 */
import { type ApproverKey, readKeyBlob } from '@coldwire/protocol';

/** Undefined for everything that is not one of the two kinds of key. */
export function readSshKey(line: string): ApproverKey | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if (base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = readKeyBlob(Buffer.from(base64, 'base64'));
  return key?.kind === type ? key : undefined;
}
