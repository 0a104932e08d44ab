/**
 * ECDSA signatures in Bitcoin's DER form: strict (BIP-66) and low-S (BIP-146), from and to the 64 bytes r ‖ s.
 * Refuses what Bitcoin Core's standardness rules refuse: padding, negative or zero or oversized numbers, high S.
 * Spec: protocol-spec/3-wallet.md, "Signatures".
 */
import { concatBytes, fromHex } from '@coldwire/protocol/bytes.ts';
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { compareBytes } from './byte-order.ts';

/** Longest low-S DER signature without sighash byte: r with a padding byte, s without. */
export const MAX_DER_LENGTH = 71;

const CURVE_ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');
const ZERO = new Uint8Array(32);

/** Why a 64-byte r ‖ s is no acceptable signature, or `undefined` when it is one. */
function findCompactProblem(compact: Uint8Array): string | undefined {
  if (compact.length !== 64) return `a compact signature of ${compact.length} bytes instead of 64`;
  const r = compact.subarray(0, 32);
  const s = compact.subarray(32);
  if (compareBytes(r, ZERO) === 0 || compareBytes(r, CURVE_ORDER) >= 0) return 'r is not in 1 to n-1';
  if (compareBytes(s, ZERO) === 0) return 's is zero';
  if (compareBytes(s, HALF_ORDER) > 0) return 's is in the upper half of the curve order';
  return undefined;
}

/** A 32-byte number as a DER INTEGER: no leading zeros but the one that keeps it positive. */
function encodeInteger(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  const digits = number.subarray(first);
  const padding = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return concatBytes(Uint8Array.of(0x02, digits.length + padding.length, ...padding), digits);
}

/** r ‖ s (64 bytes, low-S) as DER, 8 to 71 bytes, without sighash byte. Throws RangeError on anything else. */
export function derEncode(compact: Uint8Array): Uint8Array {
  const problem = findCompactProblem(compact);
  if (problem !== undefined) throw new RangeError(problem);
  const body = concatBytes(encodeInteger(compact.subarray(0, 32)), encodeInteger(compact.subarray(32)));
  return concatBytes(Uint8Array.of(0x30, body.length), body);
}

/** The end of the INTEGER at `start`, or `undefined` when it is not one in shortest positive form of 1 to 33 bytes. */
function findIntegerEnd(der: Uint8Array, start: number): number | undefined {
  const length = der[start + 1] ?? 0;
  const first = der[start + 2] ?? 0x80;
  const second = der[start + 3] ?? 0;
  const end = start + 2 + length;
  if (der[start] !== 0x02 || length === 0 || length > 33 || end > der.length) return undefined;
  if (first >= 0x80) return undefined;
  if (first === 0 && length > 1 && second < 0x80) return undefined;
  return length === 33 && first !== 0 ? undefined : end;
}

/** Strict DER to r ‖ s, 64 bytes. Faults: MALFORMED. */
export function derDecode(der: Uint8Array): Result<Uint8Array> {
  const bad = (detail: string) => reject(makeFault('MALFORMED', `DER signature: ${detail}`));
  if (der.length < 8 || der.length > MAX_DER_LENGTH)
    return bad(`${der.length} bytes instead of 8 to ${MAX_DER_LENGTH}`);
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return bad('not one SEQUENCE of exactly these bytes');
  const rEnd = findIntegerEnd(der, 2);
  if (rEnd === undefined) return bad('r is not an INTEGER in shortest form');
  const sEnd = findIntegerEnd(der, rEnd);
  if (sEnd === undefined) return bad('s is not an INTEGER in shortest form');
  if (sEnd !== der.length) return bad('bytes follow s');
  const compact = new Uint8Array(64);
  const put = (integer: Uint8Array, end: number) => {
    const digits = integer.length === 33 ? integer.subarray(1) : integer;
    compact.set(digits, end - digits.length);
  };
  put(der.subarray(4, rEnd), 32);
  put(der.subarray(rEnd + 2, sEnd), 64);
  const problem = findCompactProblem(compact);
  return problem === undefined ? accept(compact) : bad(problem);
}
