/**
 * Base58Check: the text form of P2PKH and P2SH addresses and of extended public keys. For public data only.
 * Refuses characters outside the alphabet, texts longer than an extended key, and a checksum that does not match.
 */
import { concatBytes, equalBytes } from '@coldwire/protocol/bytes.ts';
import { hash256 } from './hash.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** An extended key of 78 bytes and its checksum take at most 112 characters; nothing else here is longer. */
const MAX_LENGTH = 112;

function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let digits = '';
  for (; number > 0n; number /= 58n) digits = ALPHABET.charAt(Number(number % 58n)) + digits;
  return '1'.repeat(zeros) + digits;
}

function decodeBase58(text: string): Uint8Array | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  let number = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  const bytes: number[] = [];
  for (; number > 0n; number >>= 8n) bytes.push(Number(number & 0xffn));
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()]);
}

/** The text of a payload, with the first four bytes of its double SHA-256 as checksum. */
export function encodeBase58Check(payload: Uint8Array): string {
  return encodeBase58(concatBytes(payload, hash256(payload).subarray(0, 4)));
}

/** The payload of a text, or `undefined` when a character is foreign, the text too long or the checksum wrong. */
export function decodeBase58Check(text: string): Uint8Array | undefined {
  const bytes = decodeBase58(text);
  if (bytes === undefined || bytes.length < 4) return undefined;
  const payload = bytes.subarray(0, bytes.length - 4);
  return equalBytes(hash256(payload).subarray(0, 4), bytes.subarray(bytes.length - 4)) ? payload : undefined;
}
