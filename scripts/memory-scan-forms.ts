/**
 * The forms in which a secret may lie in another process's memory, as byte strings to look for: raw in both byte orders
 * (BigInt limbs and libsecp256k1 scalars are the little-endian one), words of 32 and 64 bits turned, JavaScript number
 * arrays, hexadecimal, Base64 at each alignment, WIF and xprv text, each text in one and two bytes a character, and single
 * 64-bit limbs, which a spilled register leaves behind.
 */
import { createHash } from 'node:crypto';

export interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A piece of a copy: counted only where no whole copy lies. */
export const FRAGMENT = 'fragment';

const SCALAR_SIZE = 32;
const EXTENDED_KEY_SIZE = 78;
const LIMB_SIZE = 8;

/** Every form of `secret` once; scalars (32 bytes) have more forms than others. */
export function formsOf(secret: Uint8Array): Form[] {
  const bytes = Buffer.from(secret);
  const forms: Form[] = [{ name: 'raw', bytes }, ...textForms(bytes)];
  if (bytes.length === EXTENDED_KEY_SIZE) forms.push(...twice('xprv', encodeBase58Check(bytes)));
  if (bytes.length === SCALAR_SIZE) forms.push(...scalarForms(bytes));
  const seen = new Set<string>();
  return forms.filter((form) => {
    const content = form.bytes.toString('latin1');
    return !seen.has(content) && seen.add(content);
  });
}

function textForms(bytes: Buffer): Form[] {
  const hex = bytes.toString('hex');
  const forms = [...twice('hex', hex), ...twice('HEX', hex.toUpperCase())];
  for (const alignment of [0, 1, 2]) {
    const text = alignedBase64(bytes, alignment);
    forms.push(
      ...twice('base64', text),
      ...twice('base64url', text.replaceAll('+', '-').replaceAll('/', '_')),
    );
  }
  return forms;
}

/** Base64 characters that depend on nothing but `bytes`, when `alignment` bytes come before them in what is encoded. */
function alignedBase64(bytes: Buffer, alignment: number): string {
  const text = Buffer.concat([Buffer.alloc(alignment), bytes]).toString('base64');
  return text.slice(Math.ceil((alignment * 8) / 6), Math.floor(((alignment + bytes.length) * 8) / 6));
}

function scalarForms(bytes: Buffer): Form[] {
  const reversed = Buffer.from(bytes).reverse();
  const forms: Form[] = [
    { name: 'little-endian', bytes: reversed },
    { name: 'words32', bytes: Buffer.from(bytes).swap32() },
    { name: 'words64', bytes: Buffer.from(bytes).swap64() },
    { name: 'small-integers', bytes: joinEach(bytes, (byte) => smallInteger(byte)) },
    { name: 'doubles', bytes: joinEach(bytes, (byte) => double(byte)) },
    { name: 'double-words', bytes: joinWords(bytes) },
    ...twice('wif', encodeBase58Check(Buffer.concat([Buffer.of(0x80), bytes, Buffer.of(1)]))),
    ...twice('wif', encodeBase58Check(Buffer.concat([Buffer.of(0xef), bytes, Buffer.of(1)]))),
  ];
  for (const order of [bytes, reversed]) {
    for (let at = 0; at < SCALAR_SIZE; at += LIMB_SIZE) {
      forms.push({ name: FRAGMENT, bytes: order.subarray(at, at + LIMB_SIZE) });
    }
  }
  return forms;
}

/** A text in one byte and in two bytes a character, as JavaScript strings are stored. */
function twice(name: string, text: string): Form[] {
  return [
    { name, bytes: Buffer.from(text, 'latin1') },
    { name, bytes: Buffer.from(text, 'utf16le') },
  ];
}

function joinEach(bytes: Buffer, encode: (byte: number) => Buffer): Buffer {
  return Buffer.concat([...bytes].map(encode));
}

/** V8's small integer on 64-bit machines: the number in the upper half of a word. */
function smallInteger(byte: number): Buffer {
  const word = Buffer.alloc(8);
  word.writeInt32LE(byte, 4);
  return word;
}

function double(value: number): Buffer {
  const word = Buffer.alloc(8);
  word.writeDoubleLE(value);
  return word;
}

/** The scalar as an array of 32-bit numbers that V8 stores as doubles. */
function joinWords(bytes: Buffer): Buffer {
  return Buffer.concat([0, 4, 8, 12, 16, 20, 24, 28].map((at) => double(bytes.readUInt32BE(at))));
}

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function encodeBase58Check(payload: Buffer): string {
  const hash = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
  const bytes = Buffer.concat([payload, hash(hash(payload)).subarray(0, 4)]);
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = (ALPHABET[Number(number % 58n)] ?? '') + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = `1${text}`;
  }
  return text;
}
