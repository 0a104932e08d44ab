/**
 * A public key as OpenSSH writes it into a .pub file: type, base64 of the key blob, comment.
 * Takes Ed25519 keys in files and in security keys only. Sources: RFC 4253, section 6.6; RFC 8709; OpenSSH PROTOCOL.u2f.
 */
import { APPROVER_KEYS, type ApproverKey } from '@coldwire/protocol';

/** Reads `u32be length ‖ bytes` strings; undefined when they do not fill the blob exactly. */
function splitStrings(blob: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + view.getUint32(at);
    if (end > blob.length) return undefined;
    strings.push(blob.slice(at + 4, end));
    at = end;
  }
  return strings;
}

/** Undefined for everything that is not one of the two kinds of key. */
export function readSshKey(line: string): ApproverKey | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  const kind = APPROVER_KEYS.find((known) => known === type);
  if (kind === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const strings = splitStrings(Uint8Array.from(Buffer.from(base64, 'base64')));
  const [name, key, application] = strings ?? [];
  if (name === undefined || key?.length !== 32 || new TextDecoder().decode(name) !== kind) return undefined;
  if (kind === 'ssh-ed25519') return strings?.length === 2 ? { kind, key, application: '' } : undefined;
  if (application === undefined || strings?.length !== 3) return undefined;
  return { kind, key, application: new TextDecoder().decode(application) };
}
