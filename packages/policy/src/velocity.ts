/**
 * Limits per destination and per requester, over every window of the charter's `velocity`. Each signer keeps to two thirds of
 * each, rounded down, as with the windows of all (windows.ts).
 * Spec: protocol-spec/10-policy.md, "Velocity".
 */
import type { SpendFacts } from './facts.ts';
import { type Refusal, type RefusalCode, refuse } from './refusal.ts';
import { usedIn } from './state/ledger.ts';
import type { PolicyState } from './state/state.ts';
import { type Charged, type Per, velocityKey } from './state/velocity.ts';

type Asked = { readonly name: string; readonly amount: bigint; readonly count: number };

/** What the windows per destination and per requester are charged. */
export function chargedIntents({ charged }: Pick<SpendFacts, 'charged'>): readonly Charged[] {
  return charged.map(({ intent: { script, requester, amount } }) => [script, requester, amount] as const);
}

function askedOf(intents: readonly Charged[], per: Per): ReadonlyMap<string, Asked> {
  const asked = new Map<string, Asked>();
  for (const row of intents) {
    const key = velocityKey(per, row);
    const before = asked.get(key);
    const name = key.slice(per.length + 1);
    asked.set(key, { name, amount: (before?.amount ?? 0n) + row[2], count: (before?.count ?? 0) + 1 });
  }
  return asked;
}

/** Every window of this kind that the transaction would break: by destination or requester, then by window. */
export function findVelocity(
  facts: SpendFacts,
  state: PolicyState,
  per: Per,
  code: RefusalCode,
): readonly Refusal[] {
  const rows = state.charter.policy.velocity.filter((row) => row.per === per);
  const refusals: Refusal[] = [];
  for (const [key, { name, amount, count }] of askedOf(rows.length === 0 ? [] : chargedIntents(facts), per)) {
    const ledger = state.velocity.get(key);
    for (const row of rows) {
      const used =
        ledger === undefined ? { amount: 0n, count: 0 } : usedIn(ledger, row.ticks, facts.millitick);
      const most = (row.amount * 2n) / 3n;
      const times = Math.floor((row.count * 2) / 3);
      const about = { [per]: name };
      if (used.amount + amount > most)
        refusals.push(
          refuse(code, { ...about, what: 'amount', spent: used.amount, asked: amount, limit: most }),
        );
      if (used.count + count > times)
        refusals.push(
          refuse(code, { ...about, what: 'count', spent: used.count, asked: count, limit: times }),
        );
    }
  }
  return refusals;
}
