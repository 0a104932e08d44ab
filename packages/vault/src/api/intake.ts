/**
 * Looks at an intent before it is queued: what every signer is bound to refuse is refused here at once, with the same
 * codes. A convenience for requesters only; nothing later trusts it.
 */

import type { CharterInForce } from '@coldwire/policy';
import {
  decodeIntent,
  type FaultCode,
  hashIntent,
  type Intent,
  type SignedIntent,
  verifyEd25519,
} from '@coldwire/protocol';
import { classifyScript, dustLimit, MAX_MONEY } from '@coldwire/wallet';

export type IntakeCharter = Pick<CharterInForce, 'first' | 'policy' | 'requesters'>;

export type Authentic =
  | { readonly kind: 'authentic'; readonly intent: Intent }
  | { readonly kind: 'fault'; readonly code: FaultCode; readonly detail: string }
  | { readonly kind: 'refused'; readonly codes: readonly ['INTENT_SIGNATURE'] };

export type IntakeCode = 'VALUE_RANGE' | 'INTENT_LIFE' | 'EXPIRED' | 'OUTPUT_TYPE' | 'DUST' | 'AMOUNT_TX';

/** Whether these are the canonical bytes of an intent that a requester of the charter signed. */
export function authenticate([bytes, signature]: SignedIntent, charter: IntakeCharter): Authentic {
  const decoded = decodeIntent(bytes);
  if (!decoded.ok) return { kind: 'fault', code: decoded.fault.code, detail: decoded.fault.detail };
  const keys = charter.requesters.get(decoded.value.requester) ?? [];
  const hash = hashIntent(charter.first, bytes);
  const signed = keys.some((key) => verifyEd25519(key, hash, signature));
  return signed
    ? { kind: 'authentic', intent: decoded.value }
    : { kind: 'refused', codes: ['INTENT_SIGNATURE'] };
}

/** Every reason, in the order of the codes file, why no signer will ever pay this intent when it first sees it now. */
export function findObstacles(intent: Intent, { policy }: IntakeCharter, tip: number): readonly IntakeCode[] {
  const { amount, script, created, expires } = intent;
  const scripts: readonly string[] = policy.scripts;
  const lives =
    created <= tip + policy.intentAhead && expires >= created && expires - created <= policy.intentLife;
  const checks: readonly (readonly [IntakeCode, boolean])[] = [
    ['VALUE_RANGE', amount > 0n && amount <= MAX_MONEY],
    ['INTENT_LIFE', lives],
    ['EXPIRED', tip <= expires],
    ['OUTPUT_TYPE', scripts.includes(classifyScript(script))],
    ['DUST', amount >= dustLimit(script)],
    ['AMOUNT_TX', amount <= policy.amountPerTransaction],
  ];
  return checks.filter(([, holds]) => !holds).map(([code]) => code);
}
