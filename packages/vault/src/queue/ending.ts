/**
 * The end of a withdrawal that signers or gates refuse for good although a gate was given two signers' answers for it. Such a
 * gate has a transaction that it can broadcast at any time, whatever it says: whoever was told that the withdrawal is refused
 * would pay it again. So it is told only when every transaction of that kind can never be mined.
 */
import { carriersOf } from './batch.ts';
import { isBuried, tipHeight } from './take.ts';
import { ENDING, type Withdrawal } from './withdrawal.ts';
import { readWithdrawal, refuseWithdrawal, type Store } from './withdrawals.ts';

/** @param burial confirmations after which a conflicting spend is final @returns those that ended */
export function endBuried(store: Store, burial: number): readonly Withdrawal[] {
  const tip = tipHeight(store);
  const ending = store.db
    .all("SELECT * FROM withdrawals WHERE state = 'approved' AND not_before = ? ORDER BY rowid", ENDING)
    .map(readWithdrawal);
  const ended = ending.filter(({ id }) =>
    carriersOf(store, id).every((carrier) => !carrier.offered || isBuried(carrier, tip, burial)),
  );
  for (const { id, codes } of ended) refuseWithdrawal(store, id, codes);
  return ended;
}
