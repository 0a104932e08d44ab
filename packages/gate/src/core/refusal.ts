/** What a gate says when it says no: codes of protocol-spec/codes.json, all that apply, in that file's order. */

/** In the order of protocol-spec/codes.json; a test compares. */
export const GATE_CODES = [
  'CONFLICT_ID',
  'CHARTER_CHAIN',
  'CHARTER_QUORUM',
  'CHARTER_UNFIT',
  'LIMIT',
  'VALUE_RANGE',
  'DUP_INPUT',
  'DUP_INTENT',
  'INPUT_FOREIGN',
  'INTENT_SIGNATURE',
  'INTENT_REUSED',
  'SCREENING',
  'APPROVAL_MISSING',
  'DESTINATION_DENIED',
  'DESTINATION_UNKNOWN',
  'OUTPUT_TYPE',
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
  'GATE_SIGNED',
  'GATE_SEAL',
  'GATE_SCRIPT',
  'GATE_CONFLICT',
  'GATE_HOME',
  'GATE_DEATH',
  'SIGHASH',
] as const;
export type GateCode = (typeof GATE_CODES)[number];

export interface GateRefusal {
  readonly code: GateCode;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

export function refuse(
  code: GateCode,
  facts: { readonly [name: string]: string | number | bigint } = {},
): GateRefusal {
  return { code, facts: Object.entries(facts).map(([name, value]) => [name, `${value}`.slice(0, 160)]) };
}

export function inOrder(refusals: readonly GateRefusal[]): readonly GateRefusal[] {
  return [...refusals].sort((a, b) => GATE_CODES.indexOf(a.code) - GATE_CODES.indexOf(b.code));
}
