/**
 * For which intents a transaction is charged: those that it pays for the first time, and those that it pays anew. What a machine
 * holds for dead may live in the chain that all others know: a vault can show blocks that it mined by itself.
 * Spec: protocol-spec/10-policy.md, "Charges".
 */
import type { IntentFact, SpendFacts } from './facts.ts';
import type { PolicyState } from './state/state.ts';

type Draft = Pick<SpendFacts, 'intents' | 'txid' | 'conflicting'>;

/** In the order of the draft. */
export function findCharged(state: PolicyState, draft: Draft): readonly IntentFact[] {
  return draft.intents.filter(
    ({ record }) => record === undefined || paysAnew(state, draft, record.carriers),
  );
}

/**
 * Whether this could be mined beside a carrier, other than those that were charged since. So the carriers fall into groups, each
 * with one charge, and of each group at most one transaction can be mined, whatever is dead.
 */
function paysAnew(state: PolicyState, { txid, conflicting }: Draft, carriers: readonly string[]): boolean {
  if (txid !== undefined && carriers.includes(txid)) return false;
  const last = carriers.findLastIndex((carrier) => !conflicting.has(carrier));
  const beside = carriers[last];
  const next = carriers[last + 1];
  // Whoever shares no input with the carrier before it was charged: then all since share an input with this one.
  return next === undefined || (beside !== undefined && shareInput(state, beside, next));
}

function shareInput({ transactions }: PolicyState, one: string, other: string): boolean {
  const inputs = new Set(transactions.get(one)?.inputs);
  return transactions.get(other)?.inputs.some((key) => inputs.has(key)) === true;
}
