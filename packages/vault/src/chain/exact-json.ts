/**
 * JSON of a node without floating point: every number keeps the digits that the node wrote, so that an amount
 * in BTC becomes exactly its satoshis.
 */

/** A JSON number as its source text, such as "0.00001000" or "1e-05". */
export class Decimal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Parses JSON; numbers become `Decimal`. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new Decimal(context?.source ?? String(value)) : value,
  );
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const BTC_DIGITS = 8;

/** The number times 10^`places`, when that is whole; null otherwise. */
function scale(value: unknown, places: number): bigint | null {
  const match = value instanceof Decimal ? NUMBER.exec(value.text) : null;
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const shift = places + Number(exponent) - fraction.length;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return digits % divisor === 0n ? digits / divisor : null;
}

/** Satoshis of an amount in BTC; null when it is no number or has parts of a satoshi. */
export function toSat(value: unknown): bigint | null {
  return scale(value, BTC_DIGITS);
}

/** A whole number that JavaScript holds exactly; null otherwise. */
export function toInteger(value: unknown): number | null {
  const whole = scale(value, 0);
  const number = whole === null ? Number.NaN : Number(whole);
  return Number.isSafeInteger(number) ? number : null;
}
