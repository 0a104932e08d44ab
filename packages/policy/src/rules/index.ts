/**
 * Every rule of a spend, in the order in which refusals are reported. A new rule is a new file and a new line here.
 * LIMIT by numbers and size comes before all of them (limit.ts).
 * Spec: protocol-spec/10-policy.md, "Rules".
 */
import { amountMismatch } from './amount-mismatch.ts';
import { amountTx } from './amount-tx.ts';
import { amountWindow } from './amount-window.ts';
import { approvalMissing } from './approval-missing.ts';
import { clockStale } from './clock-stale.ts';
import { clone } from './clone.ts';
import { conflict } from './conflict.ts';
import { countWindow } from './count-window.ts';
import { destinationDelay } from './destination-delay.ts';
import { destinationDenied } from './destination-denied.ts';
import { destinationUnknown } from './destination-unknown.ts';
import { destinationWindow } from './destination-window.ts';
import { dupInput } from './dup-input.ts';
import { dupIntent } from './dup-intent.ts';
import { dust } from './dust.ts';
import { expired } from './expired.ts';
import { feeAbsolute } from './fee-absolute.ts';
import { feeRate } from './fee-rate.ts';
import { feeShare } from './fee-share.ts';
import { feeWindow } from './fee-window.ts';
import { frozen } from './frozen.ts';
import { immature } from './immature.ts';
import { inputForeign } from './input-foreign.ts';
import { intentLife } from './intent-life.ts';
import { intentReused } from './intent-reused.ts';
import { intentSignature } from './intent-signature.ts';
import { limit } from './limit.ts';
import { notChange } from './not-change.ts';
import { outputType } from './output-type.ts';
import { pathRange } from './path-range.ts';
import { requesterWindow } from './requester-window.ts';
import { restored } from './restored.ts';
import type { Rule } from './rule.ts';
import { screening } from './screening.ts';
import { stateRollback } from './state-rollback.ts';
import { txFields } from './tx-fields.ts';
import { unknownOutpoint } from './unknown-outpoint.ts';
import { unprovenParent } from './unproven-parent.ts';
import { unwitnessed } from './unwitnessed.ts';
import { valueRange } from './value-range.ts';

export const RULES: readonly Rule[] = [
  frozen,
  stateRollback,
  clone,
  unwitnessed,
  restored,
  clockStale,
  limit,
  valueRange,
  dupInput,
  dupIntent,
  unknownOutpoint,
  amountMismatch,
  inputForeign,
  pathRange,
  unprovenParent,
  immature,
  intentSignature,
  intentLife,
  expired,
  intentReused,
  conflict,
  screening,
  approvalMissing,
  destinationDenied,
  destinationUnknown,
  destinationDelay,
  outputType,
  dust,
  notChange,
  txFields,
  feeAbsolute,
  feeRate,
  feeShare,
  feeWindow,
  amountTx,
  amountWindow,
  countWindow,
  destinationWindow,
  requesterWindow,
];
