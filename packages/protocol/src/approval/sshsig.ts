/**
 * SSH signatures as `ssh-keygen -Y sign` makes them: what exactly was signed, rebuilt from the message, and the file itself.
 * Takes Ed25519 keys in files and in security keys; refuses every other kind of key, another hash than SHA-512, reserved
 * fields, signatures without a touch, and bytes before or after. Nothing is verified here: each verifier does so with its
 * own curve. Spec: protocol-spec/15-approvals.md. Sources: OpenSSH PROTOCOL.sshsig, PROTOCOL.u2f.
 */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.ts';
import { findInvalidUtf8 } from '../cbor/utf8.ts';
import { APPROVER_KEYS, type ApproverKey } from '../charter/charter.ts';
import type { Touch } from './approval.ts';

const utf8 = new TextEncoder();
const MAGIC = utf8.encode('SSHSIG');
const HASH = 'sha512';
/** A person touched the security key. */
const TOUCHED = 0x01;
/** Attested data or extensions follow: then other bytes were signed than those rebuilt here. */
const MORE_FOLLOWS = 0xc0;

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** RFC 4251, section 5: `u32be length ‖ bytes`. */
function sshString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8.encode(value) : value;
  return concatBytes(u32(bytes.length), bytes);
}

/**
 * The bytes that an Ed25519 signature is over.
 * @param touch null for a key in a file
 * @returns undefined when key and touch do not belong together, or nobody touched the security key
 */
export function signedBytes(
  namespace: string,
  message: Uint8Array,
  { kind, application }: Pick<ApproverKey, 'kind' | 'application'>,
  touch: Touch | null,
): Uint8Array | undefined {
  const blob = concatBytes(
    MAGIC,
    sshString(namespace),
    sshString(''),
    sshString(HASH),
    sshString(sha512(message)),
  );
  if (kind === 'ssh-ed25519') return touch === null ? blob : undefined;
  if (touch === null || !isTouched(touch)) return undefined;
  const head = concatBytes(Uint8Array.of(touch.flags), u32(touch.counter));
  return concatBytes(sha256(utf8.encode(application)), head, sha256(blob));
}

function isTouched({ flags }: Touch): boolean {
  return (flags & TOUCHED) !== 0 && (flags & MORE_FOLLOWS) === 0;
}

/** A `.sig` file taken apart. */
export type SshSignature = {
  readonly key: ApproverKey;
  readonly namespace: string;
  readonly signature: Uint8Array;
  readonly touch: Touch | null;
};

/** Reads `u32be length ‖ bytes` fields from the front. */
class Fields {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // A copy: `slice` of a Buffer would be a view of another one's memory.
    this.#bytes = Uint8Array.from(bytes);
  }

  get rest(): Uint8Array {
    return this.#bytes.slice(this.#at);
  }

  take(length: number): Uint8Array | undefined {
    if (this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  string(): Uint8Array | undefined {
    const length = this.take(4);
    return length && this.take(new DataView(length.buffer).getUint32(0));
  }

  /** Undefined for what is not UTF-8: two texts must not read as one. */
  text(): string | undefined {
    const bytes = this.string();
    if (bytes === undefined || findInvalidUtf8(bytes, 0, bytes.length) >= 0) return undefined;
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }
}

/** A key blob: of a .pub file after its base64, or inside a signature (RFC 8709; PROTOCOL.u2f). */
export function readKeyBlob(blob: Uint8Array): ApproverKey | undefined {
  const fields = new Fields(blob);
  const name = fields.text();
  const kind = APPROVER_KEYS.find((known) => known === name);
  const key = fields.string();
  if (kind === undefined || key?.length !== 32) return undefined;
  const application = kind === 'ssh-ed25519' ? '' : fields.text();
  return application === undefined || fields.rest.length > 0 ? undefined : { kind, key, application };
}

function readSignatureBlob(
  blob: Uint8Array,
  kind: ApproverKey['kind'],
): Pick<SshSignature, 'signature' | 'touch'> | undefined {
  const fields = new Fields(blob);
  const name = fields.text();
  const signature = fields.string();
  if (name !== kind || signature?.length !== 64) return undefined;
  if (kind === 'ssh-ed25519') return fields.rest.length === 0 ? { signature, touch: null } : undefined;
  const { rest } = fields;
  if (rest.length !== 5) return undefined;
  const view = new DataView(rest.buffer);
  return { signature, touch: { flags: view.getUint8(0), counter: view.getUint32(1) } };
}

const ARMOUR =
  /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END SSH SIGNATURE-----\r?\n?$/;

/** @param file the whole text of a `.sig` file; undefined for everything that is not one of ours */
export function readSshSignature(file: string): SshSignature | undefined {
  const base64 = ARMOUR.exec(file)?.[1];
  if (base64 === undefined) return undefined;
  const fields = new Fields(Uint8Array.from(Buffer.from(base64.replaceAll(/\s/g, ''), 'base64')));
  const magic = fields.take(MAGIC.length);
  const version = fields.take(4);
  if (magic === undefined || version === undefined) return undefined;
  if (!equalBytes(magic, MAGIC) || !equalBytes(version, u32(1))) return undefined;
  const publicKey = fields.string();
  const namespace = fields.text();
  const reserved = fields.string();
  const hash = fields.text();
  const blob = fields.string();
  const key = publicKey && readKeyBlob(publicKey);
  if (key === undefined || namespace === undefined || blob === undefined) return undefined;
  if (reserved?.length !== 0 || hash !== HASH || fields.rest.length > 0) return undefined;
  const parts = readSignatureBlob(blob, key.kind);
  return parts && { key, namespace, ...parts };
}
