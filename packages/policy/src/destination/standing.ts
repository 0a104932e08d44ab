/**
 * How a destination stands for a requester: the charter's lists first, then what the requester registered.
 * Spec: protocol-spec/10-policy.md, "Destinations".
 */
import { type Intent, toHex } from '@coldwire/protocol';
import { MILLITICKS } from '../clock/header-tree.ts';
import type { PolicyState } from '../state/state.ts';

export type Standing =
  | { readonly kind: 'payable' }
  | { readonly kind: 'denied' }
  /** Neither on the list nor registered, where one of them is asked for. */
  | { readonly kind: 'unknown' }
  /** Registered, and payable from this millitick on. */
  | { readonly kind: 'waiting'; readonly until: number };

export function standingOf(
  { charter, registered }: PolicyState,
  { script, requester }: Pick<Intent, 'script' | 'requester'>,
  millitick: number,
): Standing {
  const { destinations, destinationTicks } = charter.policy;
  const hex = toHex(script);
  if (charter.denied.has(hex)) return { kind: 'denied' };
  if (destinations === 'any' || charter.allowed.has(hex)) return { kind: 'payable' };
  const since = destinations === 'registered' ? registered.get(requester)?.get(hex) : undefined;
  if (since === undefined) return { kind: 'unknown' };
  const until = since + destinationTicks * MILLITICKS;
  return millitick < until ? { kind: 'waiting', until } : { kind: 'payable' };
}
