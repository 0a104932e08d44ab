/**
 * Freezing: anybody at the machines or the vault can stop signing at once, and nobody can stop it for ever.
 * A freeze lapses after the charter's ticks. While a party's freeze is in force, and for as long again after it, another
 * one by the same party changes nothing. Another party's freeze counts by itself.
 * Spec: protocol-spec/10-policy.md, "Freezing".
 */
import type { Accepted } from './accept-headers.ts';
import { MILLITICKS } from './clock/header-tree.ts';
import type { PolicyState } from './state/state.ts';
import { tickAt } from './state/view.ts';

/**
 * @param by a name of the charter's roster, or what the signer calls the person at its console
 * @param uptime µs of running time
 */
export function freeze(state: PolicyState, by: string, uptime: number): Accepted {
  const last = state.freezes.get(by);
  const rest = state.charter.policy.freezeTicks * MILLITICKS;
  if (last !== undefined && tickAt(state, uptime) < last.until + rest) return { kind: 'ok', changes: [] };
  return { kind: 'ok', changes: [{ kind: 'frozen', value: { uptime, by } }] };
}
