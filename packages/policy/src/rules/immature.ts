/** IMMATURE. Spec: protocol-spec/10-policy.md, "Rules". Source: Bitcoin Core, COINBASE_MATURITY. */
import { type Refusal, refuse } from '../refusal.ts';
import { minedIn } from '../state/view.ts';
import type { Rule } from './rule.ts';

const MATURITY = 100;

// A coinbase coin is spent in a block 100 above its own at the earliest.
export const immature: Rule = ({ inputs, height }, state) => {
  const refusals: Refusal[] = [];
  for (const { key, coin } of inputs) {
    if (coin === undefined || !coin.coinbase) continue;
    const block = minedIn(state, coin);
    if (block === undefined || height + 1 >= block.height + MATURITY) continue;
    refusals.push(refuse('IMMATURE', { outpoint: key, height: block.height + MATURITY }));
  }
  return refusals;
};
