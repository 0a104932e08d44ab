/**
 * Refusals: what policy says when it says no. Every broken rule is reported, in the order of protocol-spec/codes.json;
 * a test compares the list below with that file.
 * Spec: protocol-spec/10-policy.md, "Refusals".
 */
import type { Fault } from '@coldwire/protocol';

/** The codes of kind "refusal", in the order in which refusals are reported. */
export const ORDER = [
  'CONFLICT_ID',
  'NETWORK',
  'STALE_CHARTER',
  'CHARTER_CHAIN',
  'CHARTER_QUORUM',
  'CHARTER_UNFIT',
  'FROZEN',
  'STATE_ROLLBACK',
  'CLONE',
  'UNWITNESSED',
  'RESTORED',
  'WITNESS_BAD',
  'ORDER_TARGET',
  'ORDER_EXPIRED',
  'ORDER_USED',
  'ORDER_SIGNATURE',
  'ORDER_QUORUM',
  'CLOCK_STALE',
  'LIMIT',
  'VALUE_RANGE',
  'DUP_INPUT',
  'DUP_INTENT',
  'UNKNOWN_OUTPOINT',
  'AMOUNT_MISMATCH',
  'INPUT_FOREIGN',
  'PATH_RANGE',
  'MERKLE_PROOF',
  'UNPROVEN_PARENT',
  'IMMATURE',
  'INTENT_SIGNATURE',
  'INTENT_LIFE',
  'EXPIRED',
  'INTENT_REUSED',
  'CONFLICT',
  'DEAD_PROOF',
  'REGISTRATION_SIGNATURE',
  'SCREENING',
  'APPROVAL_MISSING',
  'DESTINATION_DENIED',
  'DESTINATION_UNKNOWN',
  'DESTINATION_DELAY',
  'OUTPUT_TYPE',
  'DUST',
  'NOT_CHANGE',
  'TX_FIELDS',
  'FEE_ABSOLUTE',
  'FEE_RATE',
  'FEE_SHARE',
  'FEE_WINDOW',
  'AMOUNT_TX',
  'AMOUNT_WINDOW',
  'COUNT_WINDOW',
  'DESTINATION_WINDOW',
  'REQUESTER_WINDOW',
  'HEADER_LINK',
  'HEADER_WORK',
  'HEADER_TIME',
  'GATE_SIGNED',
  'GATE_SEAL',
  'GATE_SCRIPT',
  'GATE_CONFLICT',
  'GATE_HOME',
  'GATE_DEATH',
  'SIGHASH',
  'SCREEN_AMOUNT',
  'SCREEN_BURST',
  'SCREEN_LOOKALIKE',
  'SCREEN_DENY',
] as const;

export type RefusalCode = (typeof ORDER)[number];

/** A fact's name is one of the code's facts in codes.json; its value has at most 160 bytes of UTF-8. */
export type RefusalFact = readonly [name: string, value: string];

export type Refusal = {
  readonly kind: 'refusal';
  readonly code: RefusalCode;
  readonly facts: readonly RefusalFact[];
};

/** What a request that carries out something, but makes nothing, comes to. */
export type Refused = { readonly kind: 'refused'; readonly refusals: readonly Refusal[] };
export type Malformed = { readonly kind: 'malformed'; readonly fault: Fault };

/** REFUSED holds this many rows at most; further ones of a hopeless request are left out. */
export const MAX_REFUSALS = 256;

const rank = new Map<RefusalCode, number>(ORDER.map((code, place) => [code, place]));

export function refuse(
  code: RefusalCode,
  facts: { readonly [name: string]: string | number | bigint } = {},
): Refusal {
  return { kind: 'refusal', code, facts: Object.entries(facts).map(([name, value]) => [name, `${value}`]) };
}

/** In the order of the codes; equal codes keep the order in which they were found. */
export function refused(refusals: readonly Refusal[]): Refused {
  const sorted = [...refusals].sort((a, b) => (rank.get(a.code) ?? 0) - (rank.get(b.code) ?? 0));
  return { kind: 'refused', refusals: sorted.slice(0, MAX_REFUSALS) };
}
