/** Drafts: planned from intents and coins, prepared as a SIGN request, explained to people. */
export {
  buildDraft,
  type Change,
  type DraftParts,
  draftTransaction,
  type Payable,
  readPayee,
} from './build.ts';
export { explainDraft, formatBtc } from './explain.ts';
export { type ImportCode, type ImportResult, importDraft, type Unfit } from './import.ts';
export {
  coinsOf,
  type DraftContext,
  type Plan,
  type PlanResult,
  type Predecessor,
  planBump,
  planCancel,
  planPayment,
  planRegroup,
} from './plan.ts';
export { type PreparedDraft, prepareDraft } from './prepare.ts';
