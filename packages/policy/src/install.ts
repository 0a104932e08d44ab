/**
 * CHARTER: installs a charter that follows the newest one, and puts in force what is due. What only tightens is in force at
 * once; anything else when the ticks of the charter in force have gone by here, counted from its own install. It takes back
 * every waiting charter that would loosen it: the custodians' last word is never exceeded.
 * Refuses CHARTER_CHAIN, CHARTER_QUORUM, CHARTER_UNFIT; LIMIT when too many wait.
 * Spec: protocol-spec/5-charter.md, "Succession"; 10-policy.md, "Charters".
 */
import { hashCharter, type Infer, type SignedCharter, toHex } from '@coldwire/protocol';
import type { Accepted } from './accept-headers.ts';
import type { CharterInForce } from './charter/load.ts';
import { compareCharters } from './charter/ordering.ts';
import { judgeSuccessor } from './charter/successor.ts';
import { type Refused, refuse, refused } from './refusal.ts';
import { type Change, PENDING_MAX } from './state/change.ts';
import type { PendingCharter, PolicyState } from './state/state.ts';
import { tickAt } from './state/view.ts';

/** The newest charter installed: what the next one must follow. */
export function newestCharter({ charter, pending }: PolicyState): CharterInForce {
  return pending.at(-1)?.charter ?? charter;
}

function loosens(before: CharterInForce, after: CharterInForce): boolean {
  return compareCharters(before.charter, after.charter).change === 'loosening';
}

/**
 * Judges a charter; changes nothing. One that was installed before makes no changes.
 * @param uptime µs of running time
 */
export function installCharter(
  state: PolicyState,
  signed: Infer<typeof SignedCharter>,
  uptime: number,
): Accepted | Refused {
  const known = [...state.charters.values()];
  if (known.includes(toHex(hashCharter(signed[0])))) return { kind: 'ok', changes: [] };
  const next = judgeSuccessor(signed, newestCharter(state), state.charter, state.math);
  if ('code' in next) return refused([next]);
  const revoked = state.pending.filter(({ charter }) => loosens(next, charter));
  const kept = state.pending.length - revoked.length;
  if (kept >= PENDING_MAX)
    return refused([refuse('LIMIT', { what: 'pending charters', got: kept + 1, limit: PENDING_MAX })]);
  const waits = loosens(state.charter, next);
  const installed: Change = {
    kind: 'installed',
    value: {
      uptime,
      charter: signed,
      ticks: waits ? state.charter.policy.loosenTicks : 0,
      revoked: revoked.map(({ charter }) => charter.hash),
    },
  };
  return { kind: 'ok', changes: waits ? [installed] : [installed, enact(next, uptime)] };
}

function enact({ hash }: CharterInForce, uptime: number): Change {
  return { kind: 'enacted', value: { uptime, charter: hash } };
}

/** The newest charter whose delay is over. @param uptime µs of running time */
export function dueCharter(state: PolicyState, uptime: number): PendingCharter | undefined {
  const now = tickAt(state, uptime);
  return state.pending.findLast(({ due }) => due <= now);
}

/** Puts what is due in force; changes nothing itself. */
export function enactDue(state: PolicyState, uptime: number): readonly Change[] {
  const due = dueCharter(state, uptime);
  return due === undefined ? [] : [enact(due.charter, uptime)];
}
