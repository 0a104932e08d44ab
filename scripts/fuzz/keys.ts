/** The keys of the vectors (protocol-spec/vectors/README.md, "Keys and values"): none of them is secret. */
import { createHash } from 'node:crypto';
import { createEd25519Signer, type Ed25519Signer } from '@coldwire/protocol';

/** `V(label)`. */
export function vectorValue(label: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`coldwire vector ${label}`).digest());
}

export function vectorSigner(name: string): Ed25519Signer {
  return createEd25519Signer(vectorValue(`key ${name}`));
}
