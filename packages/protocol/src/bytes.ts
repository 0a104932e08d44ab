/** Byte strings: comparing, joining and hexadecimal text. Refuses odd or non-hexadecimal text. */

/** Equal length and contents. Not constant-time: for public bytes only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal. For public bytes only: a string cannot be wiped. */
export function toHex(bytes: Uint8Array): string {
  // Joined once: what is added up piece by piece stays a tree of its pieces, 0.9 kB for a hash for as long as it is remembered.
  const digits: (string | undefined)[] = [];
  for (const byte of bytes) digits.push(HEX[byte]);
  return digits.join('');
}

/** @throws Error if the text is not an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new Error(`not hexadecimal: ${text.length} characters`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
