/**
 * Bech32 and Bech32m text (BIP-173, BIP-350): a human-readable part and 5-bit words under a checksum.
 * Refuses mixed case, characters outside the sets, more than 90 characters, a wrong checksum, and padding that is not
 * shortest and zero. Which of the two encodings a segwit version needs is decided in `address.ts`.
 */
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';

export type Bech32Encoding = 'bech32' | 'bech32m';

export type Bech32Text = {
  readonly encoding: Bech32Encoding;
  /** In lower case. */
  readonly prefix: string;
  /** Values of 0 to 31, checksum removed. */
  readonly words: readonly number[];
};

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const CONSTANT = { bech32: 1, bech32m: 0x2bc830a3 } as const;
const CHECKSUM_LENGTH = 6;
const MAX_LENGTH = 90;

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (const [bit, term] of GENERATOR.entries()) if (((top >>> bit) & 1) === 1) check ^= term;
  }
  return check;
}

function expandPrefix(prefix: string): number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

/** The text in lower case. `words` are values of 0 to 31. */
export function encodeBech32(encoding: Bech32Encoding, prefix: string, words: readonly number[]): string {
  const check = polymod([...expandPrefix(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ CONSTANT[encoding];
  const checksum = [25, 20, 15, 10, 5, 0].map((shift) => (check >>> shift) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => CHARSET.charAt(word)).join('')}`;
}

/** Takes a text apart. Faults: MALFORMED. */
export function decodeBech32(text: string): Result<Bech32Text> {
  const bad = (detail: string) => reject(makeFault('MALFORMED', detail));
  if (text.length > MAX_LENGTH) return bad(`${text.length} characters, more than ${MAX_LENGTH}`);
  if (!/^[\x21-\x7e]*$/.test(text)) return bad('a character that is not printable ASCII');
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return bad('upper and lower case mixed');
  const separator = lower.lastIndexOf('1');
  if (separator < 1) return bad('no prefix before the separator 1');
  if (lower.length - separator - 1 < CHECKSUM_LENGTH) return bad('too short for a checksum');
  const prefix = lower.slice(0, separator);
  const values = Array.from(lower.slice(separator + 1), (character) => CHARSET.indexOf(character));
  if (values.includes(-1)) return bad('a character that bech32 does not use');
  const check = polymod([...expandPrefix(prefix), ...values]);
  const words = values.slice(0, -CHECKSUM_LENGTH);
  if (check === CONSTANT.bech32) return accept({ encoding: 'bech32', prefix, words });
  if (check === CONSTANT.bech32m) return accept({ encoding: 'bech32m', prefix, words });
  return bad('the checksum does not match: a character is wrong or missing');
}

/** Bytes to 5-bit words, padded with zero bits. */
export function bytesToWords(bytes: Uint8Array): number[] {
  const words: number[] = [];
  let carry = 0;
  let bits = 0;
  for (const byte of bytes) {
    carry = ((carry << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) words.push((carry >>> (bits - 5)) & 31);
  }
  if (bits > 0) words.push((carry << (5 - bits)) & 31);
  return words;
}

/** 5-bit words to bytes, or `undefined` when the padding is more than four bits or not zero. */
export function wordsToBytes(words: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = [];
  let carry = 0;
  let bits = 0;
  for (const word of words) {
    carry = ((carry << 5) | word) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((carry >>> bits) & 0xff);
  }
  const padding = carry & ((1 << bits) - 1);
  return bits >= 5 || padding !== 0 ? undefined : Uint8Array.from(bytes);
}
