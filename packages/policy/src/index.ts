/**
 * Policy: the charter in force, the header clock, admission of coins, the rules of a spend, windows. Pure: no clock, disk,
 * randomness or curve of its own; deciding functions return changes and `applyChange` performs them.
 */
export { type Accepted, acceptHeaders } from './accept-headers.ts';
export { admit } from './admit.ts';
export {
  type ApprovalCharter,
  countApprovals,
  findTier,
  type Tier,
  verifyApproval,
} from './approval/judge.ts';
export { type ApprovalSubject, writeApproval } from './approval/text.ts';
export { type CharterInForce, type Loaded, loadCharter, verifyCharterSignatures } from './charter/load.ts';
export { type ChangeOfCharter, compareCharters, type FieldChange, ORDERING } from './charter/ordering.ts';
export { countSignatures, judgeSuccessor } from './charter/successor.ts';
export { formatTicks } from './clock/ticks.ts';
export { COIN_LEAST } from './coin-least.ts';
export { markDead } from './dead.ts';
export { register } from './destination/register.ts';
export { type Approved, type ApprovedInput, type ApprovedSpend, evaluate } from './evaluate.ts';
export { freeze } from './freeze.ts';
export { dueCharter, enactDue, installCharter, newestCharter } from './install.ts';
export { type Attested, attest, noteBirth, type OwnHeads, type Self, witnessNonce } from './memory/attest.ts';
export { longestWindow, type Memory, missingGates } from './memory/memory.ts';
export { takeOrder } from './memory/orders.ts';
export {
  MAX_REFUSALS,
  type Malformed,
  ORDER,
  type Refusal,
  type RefusalCode,
  type RefusalFact,
  type Refused,
  refuse,
  refused,
} from './refusal.ts';
export { applyChange } from './state/apply.ts';
export { Change, decodeChange, encodeChange } from './state/change.ts';
export { digestState } from './state/digest.ts';
export { PolicyRow, snapshotRows, takeRow } from './state/snapshot.ts';
export { createPolicyState, type PendingCharter, type PolicyState } from './state/state.ts';
export { describeState, type PolicyStatus } from './status.ts';
export { windowUse } from './windows.ts';
