/**
 * A withdrawal intent: what a requester signs, end to end, and the only way in which money leaves.
 * Spec: protocol-spec/4-messages.md, "Intents".
 */
import {
  bytes,
  decode,
  field,
  type Infer,
  type Result,
  sats,
  struct,
  text,
  tuple,
  uint,
} from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

export const Intent = struct('Intent', {
  /** Chosen by the requester, never used twice; also the idempotency key of the vault's queue. */
  id: field(1, bytes(16)),
  /** The requester's name in the charter. */
  requester: field(2, text(1, 16)),
  /** sat */
  amount: field(3, sats()),
  /** The destination's scriptPubKey. */
  script: field(4, bytes(1, 42)),
  /** Block heights: made at, and last height at which a signer may see it for the first time. */
  created: field(5, uint(0xffffffff)),
  expires: field(6, uint(0xffffffff)),
});
export type Intent = Infer<typeof Intent>;

/** The exact bytes that were signed, and the Ed25519 signature over their hash. */
export const SignedIntent = tuple(bytes(1, 160), bytes(64));
export type SignedIntent = Infer<typeof SignedIntent>;

/**
 * What the requester signs. The first charter's hash binds network, wallets and policy family for life, so that a later
 * charter leaves intents valid and another deployment never shares them.
 */
export function hashIntent(firstCharter: Uint8Array, intent: Uint8Array): Uint8Array {
  return taggedHash('intent', firstCharter, intent);
}

export function decodeIntent(intent: Uint8Array): Result<Intent> {
  return decode(Intent, intent);
}
