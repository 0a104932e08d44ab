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

/** What earlier calls found of transactions, by txid: whether each is dead. */
export type Deaths = Map<string, boolean>;

/**
 * Whether a transaction can never be mined: another one, buried, spends one of its inputs, or an input's own
 * transaction is dead. A transaction of which nothing is known is not dead.
 * @param known what is found is added, so that many transactions which share ancestors are judged in the time of one
 */
export function isDead(
  state: PolicyState,
  txid: string,
  proven?: ProvenSpend,
  known: Deaths = new Map(),
): boolean {
  const before = known.get(txid);
  if (before !== undefined) return before;
  /** Ancestors, each with the one that spends it. */
  const heirs = new Map<string, string | undefined>([[txid, undefined]]);
  const waiting = [txid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const key of inputsOf(state, next) ?? []) {
      const parent = key.slice(0, 64);
      const coin = state.coins.get(key);
      const isMined = coin !== undefined && minedIn(state, coin) !== undefined;
      if (isSpentByOther(state, key, next, proven) || (!isMined && known.get(parent) === true)) {
        for (let heir: string | undefined = next; heir !== undefined; heir = heirs.get(heir))
          known.set(heir, true);
        return true;
      }
      if (isMined || heirs.has(parent) || known.has(parent)) continue;
      heirs.set(parent, next);
      waiting.push(parent);
    }
  }
  for (const alive of heirs.keys()) known.set(alive, false);
  return false;
}

/**
 * Whether a transaction that spends these coins could never be mined, whether it was approved or not.
 * @param known as of {@link isDead}
 */
export function isInVain(
  state: PolicyState,
  txid: string,
  coins: readonly CoinRecord[],
  known: Deaths,
): boolean {
  return coins.some((coin) => {
    if (isSpentByOther(state, coin.key, txid)) return true;
    return minedIn(state, coin) === undefined && isDead(state, coin.key.slice(0, 64), undefined, known);
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
