/** SCREEN_AMOUNT. Spec: protocol-spec/12-screen.md, "Amount". */
import type { Settings } from '../settings.ts';
import type { Rule } from './rule.ts';

/** The middle value; of an even number of values the lower of the two in the middle. */
export function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0n;
}

/**
 * The highest usual amount. Median and median deviation move little when a few amounts are extreme, so a thief who
 * slips some through does not widen his own way as he would with mean and variance.
 */
export function usualLimit(amounts: readonly bigint[], settings: Settings): bigint {
  if (amounts.length < settings.amountHistory) return settings.amountFloor;
  const middle = median(amounts);
  const deviation = median(amounts.map((amount) => (amount > middle ? amount - middle : middle - amount)));
  // 1.4826 makes the median deviation comparable to a standard deviation; a quarter of the median stands in for the
  // spread of a requester who always pays much the same.
  const measured = (deviation * 14_826n) / 10_000n;
  const least = middle / 4n;
  const limit = middle + (measured > least ? measured : least) * BigInt(settings.amountSpread);
  return limit > settings.amountFloor ? limit : settings.amountFloor;
}

// The amount is not far above what this requester's withdrawals usually are.
export const amount: Rule = ({ intent, clearedAmounts }, settings) => {
  if (intent.amount <= settings.amountFloor) return undefined; // no limit is below the floor
  return intent.amount > usualLimit(clearedAmounts(), settings) ? { code: 'SCREEN_AMOUNT' } : undefined;
};
