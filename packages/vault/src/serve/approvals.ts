/** Whether people have approved a withdrawal, as every signer will judge it when it first sees it. */
import { type ApprovalCharter, countApprovals, findTier } from '@coldwire/policy';
import { type Approval, hashIntent } from '@coldwire/protocol';
import { approvalsOf, carriersOf, holdWithdrawal, type Store, type Withdrawal } from '../queue/index.ts';
import type { Vault } from './vault.ts';

export interface ApprovalCount {
  /** Approvers whose approvals hold. */
  readonly got: readonly string[];
  readonly want: number;
}

/** Undefined when the amount needs no approval. @param height of the tip */
export function countFor(
  charter: ApprovalCharter,
  store: Store,
  withdrawal: Withdrawal,
  height: number,
): ApprovalCount | undefined {
  const tier = findTier(charter, withdrawal);
  if (tier === undefined) return undefined;
  const subject = { intent: withdrawal, hash: hashIntent(charter.first, withdrawal.intent) };
  const got = countApprovals(charter, subject, tier, approvalsOf(store, withdrawal.id), height);
  return { got, want: tier.approvals };
}

/** First sight decides: what a signer may have signed once needs no approvals any more, and could never get new ones. */
export function isApproved(
  charter: ApprovalCharter,
  store: Store,
  withdrawal: Withdrawal,
  height: number,
): boolean {
  if (carriersOf(store, withdrawal.id).length > 0) return true;
  const count = countFor(charter, store, withdrawal, height);
  return count === undefined || count.got.length >= count.want;
}

/** Holds those whose approvals have run out since they were screened. @returns whether there was one */
export function holdUnapproved(vault: Vault, withdrawals: readonly Withdrawal[], height: number): boolean {
  const { store, charter, report } = vault;
  const missing = withdrawals.filter((one) => !isApproved(charter, store, one, height));
  for (const { id } of missing) {
    holdWithdrawal(store, id, ['APPROVAL_MISSING']);
    report.event('held', { withdrawal: Buffer.from(id).toString('hex'), codes: ['APPROVAL_MISSING'] });
  }
  return missing.length > 0;
}

/** All approvals of a draft's withdrawals, each with its place. Expired ones too: gates follow no chain. */
export function approvalsFor(store: Store, withdrawals: readonly Withdrawal[]): readonly Approval[] {
  return withdrawals.flatMap(({ id }, place) =>
    approvalsOf(store, id).map((approval) => ({ place, ...approval })),
  );
}
