/**
 * REGISTER: a requester names a destination that it will pay. Where the charter pays registered destinations only, its delay
 * runs from here, so that a stolen requester key pays nobody new before people can see it.
 * Refuses REGISTRATION_SIGNATURE; LIMIT when the requester has registered its share of what is remembered.
 * Spec: protocol-spec/10-policy.md, "Destinations".
 */
import {
  decodeRegistration,
  hashRegistration,
  type Register,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import type { Accepted } from '../accept-headers.ts';
import { type Malformed, type Refused, refuse, refused } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';

/** Destinations remembered for all requesters together: each has an equal share, so that none fills up the others'. */
export const MAX_REGISTERED = 65_536;

/** Judges the registration; changes nothing. One that is known makes no change. @param uptime µs of running time */
export function register(
  state: PolicyState,
  { registration: bytes, signature }: Register,
  uptime: number,
): Accepted | Refused | Malformed {
  const decoded = decodeRegistration(bytes);
  if (!decoded.ok) return { kind: 'malformed', fault: decoded.fault };
  const { requester, script } = decoded.value;
  const { first, requesters } = state.charter;
  const hash = hashRegistration(first, bytes);
  if (!requesters.get(requester)?.some((key) => verifyEd25519(key, hash, signature)))
    return refused([refuse('REGISTRATION_SIGNATURE', { script: toHex(script) })]);
  const known = state.registered.get(requester);
  if (known?.has(toHex(script)) === true) return { kind: 'ok', changes: [] };
  const limit = Math.floor(MAX_REGISTERED / requesters.size);
  const got = (known?.size ?? 0) + 1;
  if (got > limit) return refused([refuse('LIMIT', { what: 'registered', got, limit })]);
  return { kind: 'ok', changes: [{ kind: 'registered', value: { uptime, requester, script } }] };
}
