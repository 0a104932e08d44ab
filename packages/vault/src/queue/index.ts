/** The queue: withdrawals, batches, coins and addresses of one vault in one SQLite file. */
export { listPlaces, nextChange, nextReceiving, type Place } from './addresses.ts';
export { approvalsOf, putApproval, type StoredApproval } from './approvals.ts';
export {
  type Batch,
  type ChangeOutput,
  carriersOf,
  findBatch,
  findBatchByTxid,
  getBatch,
  isBeingReplaced,
  openBatches,
  type Peer,
  type Purpose,
  type Role,
  type Status,
} from './batch.ts';
export {
  askPeer,
  type GivenUp,
  giveUpBatch,
  type NewBatch,
  recordBroadcast,
  recordCleared,
  recordDraft,
  recordRefused,
  recordSigned,
} from './batches.ts';
export { findProof, type Locate, type Proven, proofOfDeath, recordStep, startAt, watchOf } from './blocks.ts';
export {
  carriersToBury,
  deathsOf,
  forgetBurial,
  isBuriedAt,
  recordBurial,
  recordDeath,
  type StoredDeath,
} from './burials.ts';
export { type Block, type ChainEvent, knownBlocks, recordChainEvents } from './chain-events.ts';
export {
  type Balance,
  balanceOf,
  type CoinChoice,
  coinsToAdmit,
  findCoin,
  forgetAdmitted,
  isAdmitted,
  isVanished,
  recordAdmitted,
  spendableCoins,
} from './coins.ts';
export { endBuried } from './ending.ts';
export { openQueue, type StateCount, type Summary, summarize } from './queue.ts';
export {
  forgetRegistered,
  isRegistered,
  putRegistration,
  recordRegistered,
  registrationsFor,
  type StoredRegistration,
} from './registrations.ts';
export { isBuried, type Take, type TakeCaps, takeBatch, tipHeight } from './take.ts';
export {
  applyEvent,
  ENDING,
  type EventKind,
  isEnding,
  MAX_CODES,
  STATES,
  type State,
  type Withdrawal,
  WithdrawalEvent,
} from './withdrawal.ts';
export {
  type Decision,
  expireWithdrawals,
  findWithdrawal,
  type HistoryEntry,
  historyOf,
  holdWithdrawal,
  listWithdrawals,
  nextToScreen,
  type Page,
  rebuildWithdrawals,
  recordVerdict,
  refuseWithdrawal,
  type Store,
  type Submission,
  submitIntent,
} from './withdrawals.ts';
