/** Script numbers: little-endian, sign bit on top, shortest form only (Core's CScriptNum with minimal data). */
import { Rejected } from '../rejected.ts';

/** Reads a number of at most `limit` bytes: four for arithmetic, five for lock times. */
export function decodeNumber(bytes: Uint8Array, limit = 4): bigint {
  if (bytes.length > limit) throw new Rejected('script-number', 'a number is too long');
  const last = bytes.at(-1);
  if (last === undefined) return 0n;
  if ((last & 0x7f) === 0 && (bytes.length === 1 || ((bytes.at(-2) ?? 0) & 0x80) === 0)) {
    throw new Rejected('script-number', 'a number is not in its shortest form');
  }
  const magnitude = bytes.reduceRight((sum, byte, i) => {
    return sum * 256n + BigInt(i === bytes.length - 1 ? byte & 0x7f : byte);
  }, 0n);
  return (last & 0x80) === 0 ? magnitude : -magnitude;
}

export function encodeNumber(value: bigint): Uint8Array {
  const out: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 8n) out.push(Number(rest & 0xffn));
  const last = out.at(-1);
  if (last === undefined) return new Uint8Array();
  const sign = value < 0n ? 0x80 : 0;
  if ((last & 0x80) !== 0) out.push(sign);
  else out[out.length - 1] = last | sign;
  return Uint8Array.from(out);
}

/** Script truth: anything but zero and negative zero. */
export function isTrue(bytes: Uint8Array): boolean {
  return bytes.some((byte, i) => byte !== 0 && !(i === bytes.length - 1 && byte === 0x80));
}
