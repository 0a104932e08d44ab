/**
 * The charter's limits, enforced once more: fees on the gate's own worst-case size, amounts per transaction, and this
 * gate's share of every window: the whole, divided by the number of gates. Windows run on the gate's own running time.
 * Refuses LIMIT, FEE_*, AMOUNT_*, COUNT_WINDOW. Spec: protocol-spec/13-gate.md, "Limits".
 */
import type { GateIntent, Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import type { Charge, GateState } from './state.ts';

/** A DER signature with its sighash byte, low S, at its longest. */
const LONGEST_SIGNATURE = 72;
/** Weight of an input's witness beside its script: count, empty element, two signatures with their lengths. */
const WITNESS_OVERHEAD = 2 + 2 * (1 + LONGEST_SIGNATURE);

/** vB, if every signature had its longest form (BIP-141). */
export function worstVsize(rebuilt: Rebuilt): number {
  const stripped = rebuilt.transaction.toBytes(true, false).length;
  const witness = rebuilt.inputs.reduce(
    (sum, { script }) => sum + WITNESS_OVERHEAD + 1 + script.witnessScript.length,
    2,
  );
  return Math.ceil((4 * stripped + witness) / 4);
}

/**
 * The intents that this transaction is charged for: those that were not cleared before, and those that it pays anew. What signers
 * call dead may live all the same: a vault can show them blocks that it mined by itself.
 */
export function chargedIntents(state: GateState, { intents, inputs, txid }: Rebuilt): readonly GateIntent[] {
  const rivals = new Set(inputs.flatMap(({ outpoint }) => state.spenders.get(outpoint) ?? []));
  return intents.filter(({ id }) => {
    const txids = state.intents.get(id)?.txids ?? [];
    if (txids.includes(txid)) return false;
    const beside = txids.findLastIndex((other) => !rivals.has(other));
    const since = txids.slice(beside + 1);
    // What was cleared beside the one before it was charged: nothing else is while all since spend a coin of this one's.
    return since.length === 0 || (beside >= 0 && haveCoinInCommon(state, txids.slice(beside, beside + 2)));
  });
}

function haveCoinInCommon({ cleared }: GateState, txids: readonly string[]): boolean {
  const coins = txids.flatMap((txid) => cleared.get(txid)?.inputs ?? []);
  return new Set(coins).size < coins.length;
}

/** What this transaction adds to the windows: the intents that it is charged for, and the fee above what its coins were charged already. */
export function chargeFor(state: GateState, rebuilt: Rebuilt, at: number): Charge {
  const intents = chargedIntents(state, rebuilt);
  const charged = rebuilt.inputs.reduce(
    (sum, { outpoint }) => sum + (state.feesCharged.get(outpoint) ?? 0n),
    0n,
  );
  return {
    at,
    amount: intents.reduce((sum, { intent }) => sum + intent.amount, 0n),
    count: intents.length,
    fee: rebuilt.fee > charged ? rebuilt.fee - charged : 0n,
  };
}

export function checkFees(state: GateState, rebuilt: Rebuilt): readonly GateRefusal[] {
  const { policy } = state.charter.charter;
  const { fee, paid } = rebuilt;
  const vsize = worstVsize(rebuilt);
  const refusals: GateRefusal[] = [];
  if (vsize > policy.maxVsize)
    refusals.push(refuse('LIMIT', { what: 'vsize', got: vsize, limit: policy.maxVsize }));
  if (paid > policy.amountPerTransaction) {
    refusals.push(refuse('AMOUNT_TX', { amount: paid, limit: policy.amountPerTransaction }));
  }
  if (fee > policy.feeAbsolute) refusals.push(refuse('FEE_ABSOLUTE', { fee, limit: policy.feeAbsolute }));
  if (fee * 1000n > BigInt(policy.feeRate) * BigInt(vsize)) {
    const feerate = (fee * 1000n + BigInt(vsize) - 1n) / BigInt(vsize);
    refusals.push(refuse('FEE_RATE', { feerate, limit: policy.feeRate }));
  }
  const amount = shareBase(state, rebuilt);
  const share = (amount * BigInt(policy.feeShare)) / 1000n;
  const limit = share > policy.feeShareFloor ? share : policy.feeShareFloor;
  if (fee > limit) refusals.push(refuse('FEE_SHARE', { fee, amount, limit }));
  return refusals;
}

/**
 * What the fee is a share of: what is paid, or was paid by a cleared transaction that this one replaces, since replacing
 * costs more however little is left to pay; without any intent, what is moved.
 */
function shareBase(state: GateState, { intents, inputs, paid, moved }: Rebuilt): bigint {
  let base = intents.length === 0 ? moved : paid;
  for (const { outpoint } of inputs) {
    for (const txid of state.spenders.get(outpoint) ?? []) {
      const replaced = state.cleared.get(txid)?.paid ?? 0n;
      if (replaced > base) base = replaced;
    }
  }
  return base;
}

/**
 * How many gates share a window that reaches back to `since` (running time, µs): one that is gone may have cleared its part of it
 * before it went.
 */
export function sharersSince({ charter, former }: GateState, since: number): number {
  const before = former.filter(({ until }) => until > since).map(({ gates }) => gates);
  return Math.max(charter.charter.gates.length, ...before);
}

/**
 * A gate that came to the others counts every window that reaches back to `since`, before it came, as spent: the gates of before
 * may have cleared the whole.
 */
export function hasJoinedSince({ joined }: GateState, since: number): boolean {
  return joined !== null && joined > since;
}

/** What adds nothing passes, also where a later charter left less than was used: what is stuck can be bumped or taken back. */
export function checkWindows(state: GateState, charge: Charge): readonly GateRefusal[] {
  const { policy, clock } = state.charter.charter;
  return policy.windows.flatMap((window) => {
    const since = charge.at - window.ticks * clock.spacing * 1_000_000;
    const number = sharersSince(state, since);
    const used = state.charges.filter(({ at }) => at > since);
    const shares = BigInt(number);
    const limits = {
      amount: window.amount / shares,
      count: Math.floor(window.count / number),
      fee: window.fee / shares,
    };
    const isNew = hasJoinedSince(state, since);
    const amount = isNew ? limits.amount : used.reduce((sum, row) => sum + row.amount, 0n);
    const count = isNew ? limits.count : used.reduce((sum, row) => sum + row.count, 0);
    const fees = isNew ? limits.fee : used.reduce((sum, row) => sum + row.fee, 0n);
    const refusals: GateRefusal[] = [];
    if (charge.fee > 0n && fees + charge.fee > limits.fee)
      refusals.push(refuse('FEE_WINDOW', { spent: fees, fee: charge.fee, limit: limits.fee }));
    if (charge.amount > 0n && amount + charge.amount > limits.amount) {
      refusals.push(refuse('AMOUNT_WINDOW', { spent: amount, amount: charge.amount, limit: limits.amount }));
    }
    if (charge.count > 0 && count + charge.count > limits.count) {
      refusals.push(refuse('COUNT_WINDOW', { spent: count, count: charge.count, limit: limits.count }));
    }
    return refusals;
  });
}
