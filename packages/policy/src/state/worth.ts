/**
 * What unmined coins can be worth. Transactions that nobody has signed may spend one coin side by side, and a further one all that
 * comes of them: no chain holds that, so it must not count twice. Spec: protocol-spec/10-policy.md, "Admission".
 */
import type { PolicyState } from './state.ts';
import { inputsOf, minedIn } from './view.ts';

/** @param keys of coins @returns sat: the mined coins that these are or come from, each once */
export function worthOf(state: PolicyState, keys: Iterable<string>): bigint {
  let worth = 0n;
  const seen = new Set<string>();
  const walked = new Set<string>();
  const waiting = [...keys];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const coin = state.coins.get(key);
    const txid = key.slice(0, 64);
    if (coin !== undefined && minedIn(state, coin) !== undefined) worth += coin.amount;
    else if (!walked.has(txid)) {
      walked.add(txid);
      for (const parent of inputsOf(state, txid) ?? []) waiting.push(parent);
    }
  }
  return worth;
}
