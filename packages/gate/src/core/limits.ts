/**
 * The charter's limits, enforced once more: fees on the gate's own worst-case size, amounts per transaction, and this
 * gate's share of every window: the whole, divided by the number of gates. Windows run on the gate's own running time.
 * Refuses LIMIT, FEE_*, AMOUNT_*, COUNT_WINDOW. Spec: protocol-spec/13-gate.md, "Limits".
 */
import type { Rebuilt } from './rebuild.ts';
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

/** What this transaction adds to the windows: each intent once, and fees above those of what it replaces. */
export function chargeFor(state: GateState, rebuilt: Rebuilt, at: number): Charge {
  const fresh = rebuilt.intents.filter(({ id }) => !state.intents.has(id));
  let replaced = 0n;
  for (const { outpoint } of rebuilt.inputs) {
    const paid = state.fees.get(outpoint) ?? 0n;
    if (paid > replaced) replaced = paid;
  }
  return {
    at,
    amount: fresh.reduce((sum, { intent }) => sum + intent.amount, 0n),
    count: fresh.length,
    fee: rebuilt.fee > replaced ? rebuilt.fee - replaced : 0n,
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
    refusals.push(refuse('FEE_RATE', { feerate: (fee * 1000n) / BigInt(vsize), limit: policy.feeRate }));
  }
  const share = (paid * BigInt(policy.feeShare)) / 1000n;
  if (rebuilt.intents.length > 0 && fee > policy.feeShareFloor && fee > share) {
    refusals.push(refuse('FEE_SHARE', { fee, amount: paid, limit: share }));
  }
  return refusals;
}

export function checkWindows(state: GateState, charge: Charge): readonly GateRefusal[] {
  const { policy, gates, clock } = state.charter.charter;
  return policy.windows.flatMap((window) => {
    const since = charge.at - window.ticks * clock.spacing * 1_000_000;
    const used = state.charges.filter(({ at }) => at > since);
    const amount = used.reduce((sum, row) => sum + row.amount, 0n);
    const count = used.reduce((sum, row) => sum + row.count, 0);
    const fees = used.reduce((sum, row) => sum + row.fee, 0n);
    const shares = BigInt(gates.length);
    const limits = {
      amount: window.amount / shares,
      count: Math.floor(window.count / gates.length),
      fee: window.fee / shares,
    };
    const refusals: GateRefusal[] = [];
    if (fees + charge.fee > limits.fee)
      refusals.push(refuse('FEE_WINDOW', { spent: fees, fee: charge.fee, limit: limits.fee }));
    if (amount + charge.amount > limits.amount) {
      refusals.push(refuse('AMOUNT_WINDOW', { spent: amount, amount: charge.amount, limit: limits.amount }));
    }
    if (count + charge.count > limits.count) {
      refusals.push(refuse('COUNT_WINDOW', { spent: count, count: charge.count, limit: limits.count }));
    }
    return refusals;
  });
}
