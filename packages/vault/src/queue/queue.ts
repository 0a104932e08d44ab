/** Opens the queue of one vault, and what it holds in a few numbers. */

import { openBatches } from './batch.ts';
import { knownBlocks } from './chain-events.ts';
import { type Balance, balanceOf } from './coins.ts';
import { readNumber, readSats, readWord } from './columns.ts';
import { openDatabase } from './database.ts';
import { MIGRATIONS } from './schema.ts';
import { STATES, type State } from './withdrawal.ts';
import type { Store } from './withdrawals.ts';

/** @param now ms since 1970, written on every event */
export function openQueue(path: string, now: () => number): Store {
  return { db: openDatabase(path, MIGRATIONS), now };
}

export interface StateCount {
  readonly count: number;
  readonly amount: bigint;
}

export interface Summary {
  readonly tip: number | null;
  readonly states: { readonly [state in State]: StateCount };
  readonly openBatches: number;
  readonly balance: Balance;
}

export function summarize(store: Store): Summary {
  const none = { count: 0, amount: 0n };
  const states: { [state in State]: StateCount } = {
    received: none,
    held: none,
    screened: none,
    approved: none,
    drafted: none,
    signing: none,
    signed: none,
    cleared: none,
    broadcast: none,
    confirmed: none,
    refused: none,
    expired: none,
  };
  const sql = 'SELECT state, count(*) AS count, sum(amount) AS amount FROM withdrawals GROUP BY state';
  for (const row of store.db.all(sql)) {
    states[readWord(row, 'state', STATES)] = {
      count: readNumber(row, 'count'),
      amount: readSats(row, 'amount'),
    };
  }
  const [tip] = knownBlocks(store, 1);
  return {
    tip: tip?.height ?? null,
    states,
    openBatches: openBatches(store).length,
    balance: balanceOf(store),
  };
}
