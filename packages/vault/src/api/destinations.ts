/**
 * Where money may go, as far as the vault can tell before any signer is asked; and taking registrations in.
 * Spec: protocol-spec/10-policy.md, "Destinations" and "Velocity".
 */
import type { CharterInForce } from '@coldwire/policy';
import {
  decodeRegistration,
  fromHex,
  hashRegistration,
  type Intent,
  type Register,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import { isRegistered, putRegistration, type Store } from '../queue/index.ts';
import { narrowest } from '../serve/room.ts';

export type DestinationCharter = Pick<
  CharterInForce,
  'charter' | 'first' | 'policy' | 'requesters' | 'allowed' | 'denied'
>;
export type DestinationCode =
  | 'DESTINATION_DENIED'
  | 'DESTINATION_UNKNOWN'
  | 'DESTINATION_WINDOW'
  | 'REQUESTER_WINDOW';

/** Every reason why no signer or no gate would ever pay this, in the order of the codes file. */
export function findDestinationObstacles(
  { amount, script, requester }: Intent,
  charter: DestinationCharter,
  store: Store,
): readonly DestinationCode[] {
  const { destinations } = charter.policy;
  const hex = toHex(script);
  const isKnown =
    destinations === 'any' ||
    charter.allowed.has(hex) ||
    (destinations === 'registered' && isRegistered(store, requester, script));
  const checks: readonly (readonly [DestinationCode, boolean])[] = [
    ['DESTINATION_DENIED', !charter.denied.has(hex)],
    ['DESTINATION_UNKNOWN', isKnown],
    ['DESTINATION_WINDOW', amount <= narrowest(charter, 'destination').amount],
    ['REQUESTER_WINDOW', amount <= narrowest(charter, 'requester').amount],
  ];
  return checks.filter(([, holds]) => !holds).map(([code]) => code);
}

/** `{"registration": hex, "signature": hex}` */
export function readRegistration(value: unknown): Register | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { registration, signature, ...more }: Record<string, unknown> = Object.fromEntries(
    Object.entries(value),
  );
  if (typeof registration !== 'string' || typeof signature !== 'string') return undefined;
  if (!/^([0-9a-f]{2}){1,80}$/.test(registration) || !/^[0-9a-f]{128}$/.test(signature)) return undefined;
  if (Object.keys(more).length > 0) return undefined;
  return { registration: fromHex(registration), signature: fromHex(signature) };
}

export type Registered =
  | { readonly kind: 'created' | 'known'; readonly requester: string; readonly script: Uint8Array }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'unsigned' };

export function takeRegistration(store: Store, charter: DestinationCharter, register: Register): Registered {
  const { registration, signature } = register;
  const decoded = decodeRegistration(registration);
  if (!decoded.ok) return { kind: 'malformed', detail: decoded.fault.detail };
  const { requester, script } = decoded.value;
  const hash = hashRegistration(charter.first, registration);
  const keys = charter.requesters.get(requester) ?? [];
  if (!keys.some((key) => verifyEd25519(key, hash, signature))) return { kind: 'unsigned' };
  const isNew = putRegistration(store, { requester, script, registration, signature });
  return { kind: isNew ? 'created' : 'known', requester, script };
}
