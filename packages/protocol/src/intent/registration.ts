/**
 * A requester's word that a destination is one it pays: where the charter asks for it, intents to the destination count only
 * when the charter's delay has passed since a signer was shown this.
 * Spec: protocol-spec/4-messages.md, "Registrations".
 */
import { bytes, decode, field, type Infer, type Result, struct, text } from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

export const Registration = struct('Registration', {
  /** The requester's name in the charter. */
  requester: field(1, text(1, 16)),
  /** The destination's scriptPubKey. */
  script: field(2, bytes(1, 42)),
});
export type Registration = Infer<typeof Registration>;

/** What the requester signs: `first charter ‖ registration bytes`. */
export function hashRegistration(firstCharter: Uint8Array, registration: Uint8Array): Uint8Array {
  return taggedHash('registration', firstCharter, registration);
}

export function decodeRegistration(registration: Uint8Array): Result<Registration> {
  return decode(Registration, registration);
}
