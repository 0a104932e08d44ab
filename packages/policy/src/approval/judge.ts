/**
 * Whether an approval holds: by somebody whom the intent's tier names, who is none of the requester's people, with a key that
 * the charter gives to that name, not expired, over the very text of this intent. What does not hold counts for nothing.
 * Spec: protocol-spec/15-approvals.md.
 */
import {
  APPROVAL_NAMESPACE,
  type Approval,
  type Intent,
  signedBytes,
  verifyEd25519,
} from '@coldwire/protocol';
import type { CharterInForce } from '../charter/load.ts';
import { writeApproval } from './text.ts';

/** How many approvals an intent needs, and whose count. */
export type Tier = { readonly approvals: number; readonly approvers: readonly string[] };

/** What of a charter approvals are judged by. */
export type ApprovalCharter = Pick<CharterInForce, 'charter' | 'network' | 'first'>;

const utf8 = new TextEncoder();

/**
 * The tier that decides: the last one whose amount the intent exceeds, without the requester's own people.
 * Undefined when it needs no approval.
 */
export function findTier(
  { charter }: Pick<CharterInForce, 'charter'>,
  intent: Pick<Intent, 'amount' | 'requester'>,
): Tier | undefined {
  const tier = charter.policy.tiers.findLast(({ above }) => intent.amount > above);
  if (tier === undefined) return undefined;
  const own = charter.requesters.find(({ name }) => name === intent.requester)?.people ?? [];
  return { ...tier, approvers: tier.approvers.filter((name) => !own.includes(name)) };
}

export type Approvable = { readonly intent: Intent; readonly hash: Uint8Array };

/** Whether the approval's signature is by a key of its approver over this intent's text. */
export function verifyApproval(
  { charter, network, first }: ApprovalCharter,
  { intent, hash }: Approvable,
  { approver, expires, signature, touch }: Omit<Approval, 'place'>,
): boolean {
  const keys = charter.approvers.find(({ name }) => name === approver)?.keys ?? [];
  if (keys.length === 0) return false;
  const text = utf8.encode(writeApproval({ network, first, intent, hash, approver, expires }));
  return keys.some((key) => {
    const bytes = signedBytes(APPROVAL_NAMESPACE, text, key, touch);
    return bytes !== undefined && verifyEd25519(key.key, bytes, signature);
  });
}

/**
 * The different people of a tier whose approvals hold at this height. The first approval of each decides, so that nobody
 * makes a machine verify for long.
 * @param approvals of this intent
 */
export function countApprovals(
  charter: ApprovalCharter,
  subject: Approvable,
  tier: Tier,
  approvals: readonly Omit<Approval, 'place'>[],
  height: number,
): readonly string[] {
  const seen = new Set<string>();
  return approvals.flatMap((approval) => {
    const { approver, expires } = approval;
    if (!tier.approvers.includes(approver) || seen.has(approver)) return [];
    seen.add(approver);
    return height <= expires && verifyApproval(charter, subject, approval) ? [approver] : [];
  });
}
