/**
 * Branch and bound: looks for a set of coins that needs no change output, because it exceeds the target by no more than
 * a change output would cost. Depth first over the coins by falling effective value, with the least waste kept.
 * Source: Murch, "An Evaluation of Coin Selection Strategies" (2016); Bitcoin Core, SelectCoinsBnB.
 */

/** Bounds the search; what was found until then is used. */
export const MAX_TRIES = 100_000;

export interface Search {
  /** Effective values in sat, above zero, falling. */
  readonly values: readonly number[];
  readonly target: number;
  /** How far the sum may exceed the target. */
  readonly slack: number;
  /** What one input wastes: its fee now less its fee at the long-term feerate. Negative when fees are low. */
  readonly inputWaste: number;
  readonly maxInputs: number;
}

interface Best {
  readonly picked: readonly number[];
  readonly waste: number;
}

/** Places of the chosen values, or `undefined` when no set within the bounds was found. */
export function branchAndBound(search: Search): readonly number[] | undefined {
  const { values, target, slack, inputWaste, maxInputs } = search;
  const rest = suffixSums(values);
  const picked: number[] = [];
  let sum = 0;
  let best: Best | undefined;
  let at = 0;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const waste = picked.length * inputWaste + (sum - target);
    // More inputs only waste more while fees are above the long-term rate; below it they may still improve.
    const hopeless = best !== undefined && inputWaste > 0 && picked.length * inputWaste > best.waste;
    let back =
      sum + (rest[at] ?? 0) < target || sum > target + slack || picked.length > maxInputs || hopeless;
    if (!back && sum >= target && picked.length > 0) {
      if (best === undefined || waste <= best.waste) best = { picked: [...picked], waste };
      back = true;
    }
    if (back) {
      const last = picked.pop();
      if (last === undefined) break;
      sum -= values[last] ?? 0;
      at = skipEqual(values, last);
    } else {
      if (at >= values.length) throw new Error('the search ran past its coins');
      picked.push(at);
      sum += values[at] ?? 0;
      at += 1;
    }
  }
  return best?.picked;
}

/** What is left from each place on, so that a branch that cannot reach the target any more is cut. */
function suffixSums(values: readonly number[]): readonly number[] {
  const sums = new Array<number>(values.length + 1).fill(0);
  for (let i = values.length - 1; i >= 0; i -= 1) sums[i] = (sums[i + 1] ?? 0) + (values[i] ?? 0);
  return sums;
}

/** A coin left out makes every equal one after it pointless: the same sums were tried with it. */
function skipEqual(values: readonly number[], left: number): number {
  let at = left + 1;
  while (at < values.length && values[at] === values[left]) at += 1;
  return at;
}
