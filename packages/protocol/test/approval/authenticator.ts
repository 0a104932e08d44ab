/**
 * A security key in software, by OpenSSH's PROTOCOL.u2f: an Ed25519 key that signs SHA-256 of its application, flags, a
 * counter and SHA-256 of what it is given; and the files that ssh-keygen makes around keys and signatures.
 */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, createEd25519Signer } from '../../src/index.ts';

const utf8 = new TextEncoder();

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function sshString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8.encode(value) : value;
  return concatBytes(u32(bytes.length), bytes);
}

const SK = 'sk-ssh-ed25519@openssh.com';

/** What `ssh-keygen -Y sign` has signed for this message. */
export function blobOf(namespace: string, message: Uint8Array): Uint8Array {
  return concatBytes(
    utf8.encode('SSHSIG'),
    ...[namespace, '', 'sha512'].map(sshString),
    sshString(sha512(message)),
  );
}

export function armour(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

/** A `.sig` file around a key blob and a signature blob. */
export function sigFile(keyBlob: Uint8Array, namespace: string, signatureBlob: Uint8Array): string {
  return armour(
    concatBytes(
      utf8.encode('SSHSIG'),
      u32(1),
      sshString(keyBlob),
      ...[namespace, '', 'sha512'].map(sshString),
      sshString(signatureBlob),
    ),
  );
}

export class SecurityKey {
  readonly application: string;
  readonly publicKey: Uint8Array;
  readonly keyBlob: Uint8Array;
  readonly #sign: (bytes: Uint8Array) => Uint8Array;
  #counter = 0;

  constructor(seed: Uint8Array, application = 'ssh:') {
    const signer = createEd25519Signer(seed);
    this.application = application;
    this.publicKey = signer.publicKey;
    this.keyBlob = concatBytes(sshString(SK), sshString(signer.publicKey), sshString(application));
    this.#sign = signer.sign;
  }

  /** The line of a .pub file. */
  get line(): string {
    return `${SK} ${Buffer.from(this.keyBlob).toString('base64')}`;
  }

  /** @param flags 1: touched; 5: touched, and the person was verified by PIN or finger */
  sign(namespace: string, message: Uint8Array, flags = 1): string {
    this.#counter += 1;
    const head = concatBytes(Uint8Array.of(flags), u32(this.#counter));
    const blob = blobOf(namespace, message);
    const signature = this.#sign(concatBytes(sha256(utf8.encode(this.application)), head, sha256(blob)));
    return sigFile(this.keyBlob, namespace, concatBytes(sshString(SK), sshString(signature), head));
  }
}
