/**
 * A screen's verdict: one signature that clears a batch of intents.
 * Spec: protocol-spec/4-messages.md, "Verdicts".
 */

import { concatBytes } from '../bytes.ts';
import { bytes, field, type Infer, list, struct, text, uint } from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

export const Verdict = struct('Verdict', {
  screen: field(1, text(1, 16)),
  /** Places of the cleared intents in the draft, ascending. */
  covers: field(2, list(uint(1023), 1, 1024)),
  /** Block height at which the screen decided. */
  issued: field(3, uint(0xffffffff)),
  /** Ed25519 over the verdict's hash. */
  signature: field(4, bytes(64)),
});
export type Verdict = Infer<typeof Verdict>;

/**
 * What the screen signs: `first charter ‖ u32be issued ‖ intent hashes`, in the order in which the verdict covers them.
 * @param intents 32-byte intent hashes
 */
export function hashVerdict(
  firstCharter: Uint8Array,
  issued: number,
  intents: readonly Uint8Array[],
): Uint8Array {
  const height = new Uint8Array(4);
  new DataView(height.buffer).setUint32(0, issued);
  return taggedHash('verdict', firstCharter, height, concatBytes(...intents));
}
