/**
 * An approver's yes to one intent: who, until which height, and what is needed to rebuild what was signed.
 * The text itself does not travel: each verifier writes it from the intent that it is about to pay.
 * Spec: protocol-spec/15-approvals.md.
 */
import { bytes, field, type Infer, list, nullable, struct, text, uint } from '../cbor/index.ts';

/** Of `ssh-keygen -Y sign -n`: an approval is nothing else that was ever signed with the same key. */
export const APPROVAL_NAMESPACE = 'coldwire-approval';

/** More would make a signer verify for seconds: an approver may have four keys. */
export const MAX_APPROVALS = 512;

/** What a security key adds to its signature: flags and the number of its signatures so far. */
export const Touch = struct('Touch', { flags: field(1, uint(255)), counter: field(2, uint(0xffffffff)) });
export type Touch = Infer<typeof Touch>;

export const Approval = struct('Approval', {
  /** Place of the intent in the draft. */
  place: field(1, uint(1023)),
  /** The approver's name in the charter. */
  approver: field(2, text(1, 16)),
  /** Last block height at which a signer may see the intent for the first time on the strength of it. */
  expires: field(3, uint(0xffffffff)),
  /** Ed25519, by any of the approver's keys. */
  signature: field(4, bytes(64)),
  /** Null for a key in a file. */
  touch: field(5, nullable(Touch)),
});
export type Approval = Infer<typeof Approval>;

export const Approvals = list(Approval, 1, MAX_APPROVALS);
