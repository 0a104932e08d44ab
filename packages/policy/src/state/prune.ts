/**
 * Forgets what can decide nothing any more, so that memory follows what is open and not all that ever was. What is forgotten
 * rests on blocks so deep that a reorganization of them would be the end of more than this; a forgotten intent has expired, so
 * that it is refused at first sight. Spec: protocol-spec/10-policy.md, "Forgetting".
 */
import type { CoinRecord, PolicyState } from './state.ts';
import { confirmations, minedIn, tipHeight } from './view.ts';

/** Blocks beyond the charter's burial: a week. */
const DEEP = 1_008;
/** Blocks between two rounds: a round looks at everything. */
const EVERY = 144;

const isDeep = (state: PolicyState, block: string): boolean =>
  confirmations(state, block) >= state.charter.charter.clock.burial + DEEP;

/** The transaction, deep in the chain, that spends the coin. */
function deepSpender(state: PolicyState, { spends }: CoinRecord): string | undefined {
  return spends.find(({ block }) => isDeep(state, block))?.txid;
}

/** Takes spent coins away. @returns approved transactions that spent one of them: those that are mined, and those that never will */
function dropCoins(state: PolicyState): { readonly mined: Set<string>; readonly dead: Set<string> } {
  const mined = new Set<string>();
  const dead = new Set<string>();
  const gone = new Map<string, string>();
  for (const [key, coin] of state.coins) {
    const spender = deepSpender(state, coin);
    if (spender === undefined) continue;
    for (const txid of coin.spenders) (txid === spender ? mined : dead).add(txid);
    state.coins.delete(key);
    gone.set(key, spender);
  }
  for (const [txid, inputs] of state.parents) {
    if (inputs.some((key) => gone.has(key) && gone.get(key) !== txid)) dead.add(txid);
  }
  dropHeirs(state, dead);
  return { mined, dead };
}

/** Those that were remembered as they spend a coin, by the transaction that the coin is of. */
function heirsOf(
  parents: PolicyState['parents'],
): Map<string, { readonly key: string; readonly heir: string }[]> {
  const heirs = new Map<string, { key: string; heir: string }[]>();
  for (const [heir, inputs] of parents) {
    for (const key of inputs) {
      const from = key.slice(0, 64);
      const others = heirs.get(from);
      if (others === undefined) heirs.set(from, [{ key, heir }]);
      else others.push({ key, heir });
    }
  }
  return heirs;
}

/** Coins of what is dead never come to be, nor does what would have spent them. Adds to `dead`. */
function dropHeirs(state: PolicyState, dead: Set<string>): void {
  if (dead.size === 0) return;
  const unmined = [...state.coins.values()].filter((coin) => minedIn(state, coin) === undefined);
  const coins = Map.groupBy(unmined, ({ key }) => key.slice(0, 64));
  const heirs = heirsOf(state.parents);
  // Each once: what is added to a set is gone through as well.
  for (const txid of dead) {
    for (const coin of coins.get(txid) ?? []) {
      for (const spender of coin.spenders) dead.add(spender);
      state.coins.delete(coin.key);
    }
    for (const { key, heir } of heirs.get(txid) ?? []) if (!state.coins.has(key)) dead.add(heir);
  }
}

/** What is dead carries nothing: it is taken out of every list. What is mined stays the carrier of its intents. */
function dropTransactions(state: PolicyState, mined: ReadonlySet<string>, dead: ReadonlySet<string>): void {
  for (const txid of mined) state.transactions.delete(txid);
  for (const txid of dead) {
    for (const key of state.transactions.get(txid)?.inputs ?? []) {
      const spenders = state.coins.get(key)?.spenders;
      const place = spenders?.indexOf(txid) ?? -1;
      if (place >= 0) spenders?.splice(place, 1);
    }
    state.transactions.delete(txid);
  }
}

function dropIntents(state: PolicyState, dead: ReadonlySet<string>): void {
  const now = tipHeight(state);
  for (const [id, { carriers, until }] of state.intents) {
    if (dead.size > 0) carriers.splice(0, carriers.length, ...carriers.filter((txid) => !dead.has(txid)));
    const isOver = now > until + DEEP && !carriers.some((txid) => state.transactions.has(txid));
    if (isOver) state.intents.delete(id);
  }
}

/** Inputs of unconfirmed transactions whose coins are all mined by now, or gone. */
function dropParents(state: PolicyState): void {
  if (state.parents.size === 0) return;
  const open = new Set<string>();
  for (const { key, blocks } of state.coins.values()) {
    if (!blocks.some((block) => isDeep(state, block))) open.add(key.slice(0, 64));
  }
  for (const txid of state.parents.keys()) if (!open.has(txid)) state.parents.delete(txid);
}

/** The highest index that is deep in the chain says as much as all below it. */
function dropMinedChange(state: PolicyState): void {
  for (const mined of state.minedChange) {
    const highest = mined.findLastIndex(({ block }) => isDeep(state, block));
    if (highest > 0) mined.splice(0, highest);
  }
}

/** @param before height of the tip before the headers that came */
export function prune(state: PolicyState, before: number): void {
  const now = tipHeight(state);
  if (Math.floor(now / EVERY) <= Math.floor(before / EVERY)) return;
  const { mined, dead } = dropCoins(state);
  dropTransactions(state, mined, dead);
  dropIntents(state, dead);
  dropParents(state);
  dropMinedChange(state);
}
