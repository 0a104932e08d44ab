/**
 * The text that an approver reads and signs: one intent, whole, in the words of people, bound to one deployment for life.
 * Nothing of it travels; whoever judges an approval writes the text anew from the intent at hand.
 * Spec: protocol-spec/15-approvals.md, "Text".
 */
import { type Intent, toHex } from '@coldwire/protocol';
import { encodeAddress, type Network } from '@coldwire/wallet';

export type ApprovalSubject = {
  readonly network: Network;
  /** Hash of the first charter, 32 bytes. */
  readonly first: Uint8Array;
  readonly intent: Intent;
  /** What the requester signed, 32 bytes. */
  readonly hash: Uint8Array;
  readonly approver: string;
  /** Last block height at which it counts. */
  readonly expires: number;
};

const SAT_PER_BTC = 100_000_000n;

/** "1.50000000": eight places, never rounded. */
function inBitcoin(sat: bigint): string {
  return `${sat / SAT_PER_BTC}.${`${sat % SAT_PER_BTC}`.padStart(8, '0')}`;
}

/** Lines of `name: value`, each ended by a line feed. */
export function writeApproval(subject: ApprovalSubject): string {
  const { network, first, intent, hash, approver, expires } = subject;
  const { id, requester, amount, script } = intent;
  return [
    'coldwire approval v1',
    `network: ${network}`,
    `charter: ${toHex(first)}`,
    `pay: ${inBitcoin(amount)} BTC`,
    `to: ${encodeAddress(script, network) ?? 'no address'}`,
    `script: ${toHex(script)}`,
    `requester: ${requester}`,
    `id: ${toHex(id)}`,
    `intent: ${toHex(hash)}`,
    `approver: ${approver}`,
    `until height: ${expires}`,
    '',
  ].join('\n');
}
