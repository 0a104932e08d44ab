/**
 * Coin selection: which coins pay a batch, and whether change is left.
 *
 * Three ways are tried, branch and bound (no change), largest first (fewest inputs) and a random draw (privacy, and
 * small coins get their turn); of those that keep every cap of the policy the least wasteful is taken. The result is the
 * same for the same request, seed included. Too little money and broken caps are values, not errors.
 */
import { type Coin, compareBytes, outpointKey, worstCaseWeight } from '@coldwire/wallet';
import { branchAndBound } from './branch-and-bound.ts';
import {
  brokenCaps,
  type CapCode,
  changeCosts,
  effectiveValue,
  feeFor,
  type Selection,
  type SelectionMethod,
  type SelectionRequest,
  settle,
  smallestChange,
  sumAmounts,
} from './costs.ts';
import { createDraw, shuffle } from './draw.ts';

/** The coins cannot pay this at this feerate; `missing` sat more would do. */
export interface Shortfall {
  readonly kind: 'insufficient';
  readonly available: bigint;
  readonly missing: bigint;
}

/** There is money enough, but every way to pay breaks a cap of the policy. */
export interface Capped {
  readonly kind: 'capped';
  readonly codes: readonly CapCode[];
}

export type SelectionResult = Selection | Shortfall | Capped;

export function selectCoins(request: SelectionRequest): SelectionResult {
  // A coin that costs more than it is worth never helps, and equal requests must see equal orders.
  const required = new Set(request.required.map(outpointKey));
  const pool = request.coins
    .filter((coin) => effectiveValue(coin, request.feerate) > 0n && !required.has(outpointKey(coin)))
    .sort(byValue);
  const candidates = [...requiredOnly(request), ...exact(request, pool), ...accumulated(request, pool)];
  const [best] = candidates
    .filter((candidate) => brokenCaps(request, candidate).length === 0)
    .sort((a, b) => compare(a.waste, b.waste));
  if (best !== undefined) return best;
  const [nearest] = candidates.map((candidate) => brokenCaps(request, candidate));
  return nearest === undefined ? shortfall(request, pool) : { kind: 'capped', codes: nearest };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Largest first; equal amounts by outpoint, so that the order does not depend on where the coins came from. */
function byValue(a: Coin, b: Coin): number {
  return compare(b.amount, a.amount) || compareBytes(a.txid, b.txid) || a.vout - b.vout;
}

function bothForms(
  request: SelectionRequest,
  coins: readonly Coin[],
  method: SelectionMethod,
): readonly Selection[] {
  const forms = ['with-change', 'changeless'] as const;
  return forms
    .map((form) => settle(request, coins, form, method))
    .filter((selection) => selection !== undefined);
}

/** A replacement often needs nothing but its predecessor's coins. */
function requiredOnly(request: SelectionRequest): readonly Selection[] {
  const [withChange, changeless] = bothForms(request, request.required, 'required-only');
  const found = withChange ?? changeless;
  return found === undefined ? [] : [found];
}

/** What the pool must still bring, in effective value, when no change is made. */
function changelessTarget(request: SelectionRequest): bigint {
  const outputs = request.payees.map(({ script }) => script);
  // Counted with the longest input count, so that a set that reaches the target is never short.
  const base = Math.ceil(worstCaseWeight({ inputs: 0, outputs }) / 4) + 2;
  const required = request.required.reduce((sum, coin) => sum + effectiveValue(coin, request.feerate), 0n);
  return sumAmounts(request.payees) + feeFor(base, request.feerate) - required;
}

function exact(request: SelectionRequest, pool: readonly Coin[]): readonly Selection[] {
  const target = changelessTarget(request);
  if (request.payees.length === 0 || target <= 0n) return [];
  const costs = changeCosts(request);
  const [first] = pool;
  const found = branchAndBound({
    values: pool.map((coin) => Number(effectiveValue(coin, request.feerate))),
    target: Number(target),
    slack: Number(costs.now + costs.later),
    inputWaste:
      first === undefined ? 0 : Number(first.amount - effectiveValue(first, request.feerate) - costs.later),
    maxInputs: request.caps.maxInputs - request.required.length,
  });
  if (found === undefined) return [];
  const chosen = found.map((place) => pool[place]).filter((coin) => coin !== undefined);
  const selection = settle(request, [...request.required, ...chosen], 'changeless', 'branch-and-bound');
  return selection === undefined ? [] : [selection];
}

function accumulated(request: SelectionRequest, pool: readonly Coin[]): readonly Selection[] {
  const random = shuffle(pool, createDraw(request.seed));
  return [...accumulate(request, pool, 'largest-first'), ...accumulate(request, random, 'random-draw')];
}

/** Takes coins in the given order until change is left; also keeps the first set that pays without change. */
function accumulate(
  request: SelectionRequest,
  order: readonly Coin[],
  method: SelectionMethod,
): readonly Selection[] {
  const target = changelessTarget(request);
  const coins = [...request.required];
  const found: Selection[] = [];
  let reached = 0n;
  for (const coin of order) {
    coins.push(coin);
    reached += effectiveValue(coin, request.feerate);
    // The target is rounded up, so the last set is settled exactly before it is called too small.
    if (reached < target && coins.length < request.required.length + order.length) continue;
    const [first, second] = bothForms(request, [...coins], method);
    if (first === undefined) continue;
    if (first.change !== null) return [...found, first, ...(second === undefined ? [] : [second])];
    if (found.length === 0) found.push(first);
  }
  return found;
}

function shortfall(request: SelectionRequest, pool: readonly Coin[]): Shortfall {
  const coins = [...request.required, ...pool];
  const available = sumAmounts(coins);
  const outputs =
    request.payees.length === 0 ? [request.changeScript] : request.payees.map(({ script }) => script);
  const vsize = Math.ceil(worstCaseWeight({ inputs: Math.max(1, coins.length), outputs }) / 4);
  const fee = feeFor(vsize, request.feerate);
  const least = fee > request.minimumFee ? fee : request.minimumFee;
  const kept = request.payees.length === 0 ? smallestChange(request) : 0n;
  return { kind: 'insufficient', available, missing: sumAmounts(request.payees) + least + kept - available };
}
