// A fault is what bad bytes give: one value, for the first thing wrong, never an exception.
// The codes are those of kind "fault" in protocol-spec/codes.json; a test compares the two lists.

export const FAULT_CODES = [
  'NONCANONICAL',
  'MALFORMED',
  'TOO_LARGE',
  'VERSION',
  'UNKNOWN_TYPE',
  'WRONG_PEER',
  'WRONG_CHARTER',
  'BAD_SIGNATURE',
  'BAD_CHAIN',
  'FORK',
  'REPLAY',
  'BAD_RECEIPT',
  'BODY_HASH',
  'PSBT_FORM',
  'PSBT_VERSION',
  'PSBT_DUPLICATE',
  'PSBT_FIELD',
  'PSBT_SIGNED',
  'PSBT_SIGHASH',
  'PSBT_UTXO',
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

/** `at` is a byte offset into what was read. `detail` is plain ASCII for people and holds no text of the sender. */
export type Fault = {
  readonly kind: 'fault';
  readonly code: FaultCode;
  readonly at?: number;
  readonly detail: string;
};

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

export function makeFault(code: FaultCode, detail: string, at?: number): Fault {
  return at === undefined ? { kind: 'fault', code, detail } : { kind: 'fault', code, at, detail };
}

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function reject(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault };
}
