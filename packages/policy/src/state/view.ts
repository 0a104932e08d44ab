/**
 * Questions that rules ask of the state: the time in ticks, how deep a block is, whether a coin is there, how far change
 * may go, whether a transaction can still be mined. Every answer is judged against the best branch of now.
 * Spec: protocol-spec/10-policy.md, "State".
 */
import { findBest, type HeaderNode, tipOf } from '../clock/header-tree.ts';
import { settle } from '../clock/ticks.ts';
import type { CoinRecord, FreezeRecord, PolicyState } from './state.ts';

/** Milliticks at this running time (µs). */
export function tickAt(state: PolicyState, uptime: number): number {
  return settle(state.ticks, uptime).credited;
}

export function tipHeight(state: PolicyState): number {
  return tipOf(state.tree).height;
}

/** 1 for the tip; 0 for a block that is not on the best branch. */
export function confirmations(state: PolicyState, block: string): number {
  const node = findBest(state.tree, block);
  return node === undefined ? 0 : tipHeight(state) - node.height + 1;
}

export function isBuried(state: PolicyState, block: string): boolean {
  return confirmations(state, block) >= state.charter.charter.clock.burial;
}

/** The block on the best branch that the coin was proven in. */
export function minedIn(state: PolicyState, coin: CoinRecord): HeaderNode | undefined {
  for (const block of coin.blocks) {
    const node = findBest(state.tree, block);
    if (node !== undefined) return node;
  }
  return undefined;
}

/** Keys of the coins that a transaction spends, if it was approved here or a coin of it was admitted unconfirmed. */
export function inputsOf(state: PolicyState, txid: string): readonly string[] | undefined {
  return state.transactions.get(txid)?.inputs ?? state.parents.get(txid);
}

/** Whether a coin can be spent as far as this machine knows: mined, or from a transaction of admitted coins only. */
export function isThere(state: PolicyState, coin: CoinRecord): boolean {
  return minedIn(state, coin) !== undefined || inputsOf(state, coin.key.slice(0, 64)) !== undefined;
}

/** The highest change index of a wallet that may be used: the highest one proven mined (−1 at first) plus the gap. */
export function changeLimit(state: PolicyState, wallet: number): number {
  const mined = state.minedChange[wallet] ?? [];
  const highest = mined.findLast(({ block }) => findBest(state.tree, block) !== undefined)?.index ?? -1;
  return highest + state.charter.policy.changeGap;
}

/** The highest index of a chain that may be used. */
export function indexLimit(state: PolicyState, wallet: number, chain: 0 | 1): number {
  return chain === 1 ? changeLimit(state, wallet) : state.charter.policy.receiveLimit - 1;
}

/** Coins as if `spender`, buried, spent them: for judging a proof before it is recorded. */
export type ProvenSpend = { readonly spender: string; readonly keys: ReadonlySet<string> };

function isSpentByOther(state: PolicyState, key: string, txid: string, proven?: ProvenSpend): boolean {
  if (proven !== undefined && proven.spender !== txid && proven.keys.has(key)) return true;
  const spends = state.coins.get(key)?.spends ?? [];
  return spends.some((spend) => spend.txid !== txid && isBuried(state, spend.block));
}

/**
 * Whether a transaction can never be mined: another one, buried, spends one of its inputs, or an input's own
 * transaction is dead. A transaction of which nothing is known is not dead.
 * @param living transactions that an earlier call found alive; those that this one finds are added
 */
export function isDead(
  state: PolicyState,
  txid: string,
  proven?: ProvenSpend,
  living?: Set<string>,
): boolean {
  if (living?.has(txid) === true) return false;
  const seen = new Set<string>([txid]);
  const waiting = [txid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const key of inputsOf(state, next) ?? []) {
      if (isSpentByOther(state, key, next, proven)) return true;
      const parent = key.slice(0, 64);
      const coin = state.coins.get(key);
      if (seen.has(parent) || living?.has(parent) === true) continue;
      if (coin !== undefined && minedIn(state, coin) !== undefined) continue;
      seen.add(parent);
      waiting.push(parent);
    }
  }
  for (const alive of seen) living?.add(alive);
  return false;
}

/**
 * Whether a transaction that spends these coins could never be mined, whether it was approved or not.
 * @param living as of {@link isDead}
 */
export function isInVain(
  state: PolicyState,
  txid: string,
  coins: readonly CoinRecord[],
  living: Set<string>,
): boolean {
  return coins.some((coin) => {
    if (isSpentByOther(state, coin.key, txid)) return true;
    return minedIn(state, coin) === undefined && isDead(state, coin.key.slice(0, 64), undefined, living);
  });
}

/** The freeze in force that lasts longest, if any; one that two custodians ordered lasts until a quorum ends it. */
export function freezeInForce({ freezes, memory }: PolicyState, millitick: number): FreezeRecord | undefined {
  if (memory.confirmed !== null) return { ...memory.confirmed, until: Number.POSITIVE_INFINITY };
  let longest: FreezeRecord | undefined;
  const ordered = [...memory.ordered].map(([by, freeze]) => ({ by, ...freeze }));
  for (const freeze of [...freezes.values(), ...ordered]) {
    if (freeze.until > millitick && freeze.until > (longest?.until ?? 0)) longest = freeze;
  }
  return longest;
}
