/** APPROVAL_MISSING. Spec: protocol-spec/15-approvals.md. */
import type { Approval } from '@coldwire/protocol';
import { countApprovals, findTier } from '../approval/judge.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent has the approvals of as many different people as its tier asks for.
export const approvalMissing: Rule = ({ intents, request, height }, { charter }) => {
  const refusals: Refusal[] = [];
  for (const [place, { record, intent, hash, id }] of intents.entries()) {
    const tier = record === undefined ? findTier(charter, intent) : undefined;
    if (tier === undefined) continue;
    const own: readonly Approval[] = (request.approvals ?? []).filter((one) => one.place === place);
    const got = countApprovals(charter, { intent, hash }, tier, own, height).length;
    const want = tier.approvals;
    if (got < want) refusals.push(refuse('APPROVAL_MISSING', { intent: id, got, want }));
  }
  return refusals;
};
