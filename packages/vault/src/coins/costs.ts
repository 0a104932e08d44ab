/**
 * What a set of coins costs to spend: fees on the worst-case size, the change that is left, and the waste by which
 * sets are compared. Every amount is in sat, every feerate in sat per 1,000 vB.
 * Source of the waste metric: Bitcoin Core, GetSelectionWaste.
 */

import { COIN_LEAST } from '@coldwire/policy';
import type { Policy } from '@coldwire/protocol';
import { type Coin, type Output, worstCaseVsize, worstCaseWeight } from '@coldwire/wallet';

/** The part of the charter's policy that bounds a transaction's size and fee. */
export type Caps = Pick<
  Policy,
  'maxInputs' | 'maxOutputs' | 'maxVsize' | 'feeAbsolute' | 'feeRate' | 'feeShare' | 'feeShareFloor'
>;

export interface SelectionRequest {
  /** Coins that may be chosen; the caller leaves out what is reserved, unconfirmed or not yet admitted. */
  readonly coins: readonly Coin[];
  /** Coins that must be spent, whatever they cost: a replacement conflicts with its predecessors through them. They may be among `coins` too. */
  readonly required: readonly Coin[];
  /** Empty for a transaction that pays nobody but ourselves; then change is mandatory. */
  readonly payees: readonly Output[];
  /** Script of the change output; its length and kind decide cost and dust limit. */
  readonly changeScript: Uint8Array;
  readonly feerate: bigint;
  /** What spending a coin is expected to cost some day: decides whether many or few inputs are wasteful now. */
  readonly longTermFeerate: bigint;
  /** Lowest fee in any case, for a replacement (BIP-125 rules 3 and 4); 0 otherwise. */
  readonly minimumFee: bigint;
  readonly caps: Caps;
  /** Seed of the random draw. */
  readonly seed: Uint8Array;
}

export type SelectionMethod = 'branch-and-bound' | 'largest-first' | 'random-draw' | 'required-only';

export interface Selection {
  readonly kind: 'selected';
  readonly method: SelectionMethod;
  readonly coins: readonly Coin[];
  /** null when there is no change output. */
  readonly change: bigint | null;
  readonly fee: bigint;
  /** Worst case, vB. */
  readonly vsize: number;
  readonly waste: bigint;
}

export type CapCode = 'LIMIT' | 'FEE_ABSOLUTE' | 'FEE_RATE' | 'FEE_SHARE';

/** The fee of a size at a feerate, rounded up. */
export function feeFor(vsize: number, feerate: bigint): bigint {
  return (feerate * BigInt(vsize) + 999n) / 1000n;
}

/** Weight of one more input, in weight units. */
export const INPUT_WEIGHT: number =
  worstCaseWeight({ inputs: 2, outputs: [] }) - worstCaseWeight({ inputs: 1, outputs: [] });

/** What one input adds to the fee, rounded up. */
export function inputFee(feerate: bigint): bigint {
  return (feerate * BigInt(INPUT_WEIGHT) + 3999n) / 4000n;
}

/** An output's amount, less what spending it adds to the fee. Negative for a coin that costs more than it is worth. */
export function effectiveValue(coin: Coin, feerate: bigint): bigint {
  return coin.amount - inputFee(feerate);
}

export function sumAmounts(items: readonly { readonly amount: bigint }[]): bigint {
  return items.reduce((sum, { amount }) => sum + amount, 0n);
}

/** What a change output costs: its own bytes now, and spending it later. */
export function changeCosts(request: SelectionRequest): { readonly now: bigint; readonly later: bigint } {
  const one = worstCaseWeight({ inputs: 1, outputs: [request.changeScript] });
  const none = worstCaseWeight({ inputs: 1, outputs: [] });
  const now = (request.feerate * BigInt(one - none) + 3999n) / 4000n;
  return { now, later: inputFee(request.longTermFeerate) };
}

/** Change below this is left to the fee: no signer would admit it, or it would cost more to spend than it is worth. */
export function smallestChange(request: SelectionRequest): bigint {
  const { later } = changeCosts(request);
  return later > COIN_LEAST ? later : COIN_LEAST;
}

function wasteOf(request: SelectionRequest, inputs: number, change: bigint | null, excess: bigint): bigint {
  const timing = BigInt(inputs) * (inputFee(request.feerate) - inputFee(request.longTermFeerate));
  const { now, later } = changeCosts(request);
  return timing + (change === null ? excess : now + later);
}

/**
 * Turns a set of coins into a selection with change, or without; `undefined` when the coins do not cover it.
 * The fee is always exactly inputs − payees − change and never below what the feerate asks on the worst-case size.
 */
export function settle(
  request: SelectionRequest,
  coins: readonly Coin[],
  form: 'with-change' | 'changeless',
  method: SelectionMethod,
): Selection | undefined {
  if (coins.length === 0 || (form === 'changeless' && request.payees.length === 0)) return undefined;
  const left = sumAmounts(coins) - sumAmounts(request.payees);
  const scripts = request.payees.map(({ script }) => script);
  const outputs = form === 'with-change' ? [...scripts, request.changeScript] : scripts;
  const vsize = worstCaseVsize({ inputs: coins.length, outputs });
  const asked = feeFor(vsize, request.feerate);
  const least = asked > request.minimumFee ? asked : request.minimumFee;
  if (form === 'changeless') {
    if (left < least) return undefined;
    const waste = wasteOf(request, coins.length, null, left - asked);
    return { kind: 'selected', method, coins, change: null, fee: left, vsize, waste };
  }
  const change = left - least;
  if (change < smallestChange(request)) return undefined;
  const waste = wasteOf(request, coins.length, change, 0n) + (least - asked);
  return { kind: 'selected', method, coins, change, fee: least, vsize, waste };
}

/** The caps that a selection breaks, in the order of the codes file. */
export function brokenCaps(request: SelectionRequest, selection: Selection): readonly CapCode[] {
  const { caps, payees } = request;
  const { fee, vsize, coins, change } = selection;
  const outputs = payees.length + (change === null ? 0 : 1);
  const paid = sumAmounts(payees);
  const codes: CapCode[] = [];
  if (coins.length > caps.maxInputs || outputs > caps.maxOutputs || vsize > caps.maxVsize)
    codes.push('LIMIT');
  if (fee > caps.feeAbsolute) codes.push('FEE_ABSOLUTE');
  if (fee * 1000n > BigInt(caps.feeRate) * BigInt(vsize)) codes.push('FEE_RATE');
  if (fee > caps.feeShareFloor && fee * 1000n > BigInt(caps.feeShare) * paid) codes.push('FEE_SHARE');
  return codes;
}
