/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 §12.1) and its form on the line: five bytes of
 * seven bits, top bit set, so that the check needs no COBS and one flipped bit stays one flipped bit.
 * Refuses nothing by itself. Spec: protocol-spec/2-link.md, "Frames".
 */

/** Bytes that a CRC takes on the line. */
export const CRC_BYTES = 5;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Writes `crc` at `target[at…at+5)`: most significant group first, the first group holding the top four bits. */
export function putCrc(target: Uint8Array, at: number, crc: number): void {
  for (let group = 0; group < CRC_BYTES; group++) {
    target[at + group] = 0x80 | ((crc >>> (7 * (CRC_BYTES - 1 - group))) & 0x7f);
  }
}

/** The CRC written at `bytes[at…at+5)`, or `undefined` if these five bytes are not the one form of any CRC. */
export function takeCrc(bytes: Uint8Array, at: number): number | undefined {
  let crc = 0;
  for (let group = 0; group < CRC_BYTES; group++) {
    const byte = bytes[at + group] ?? 0;
    if (byte < 0x80 || (group === 0 && byte > 0x8f)) return undefined;
    crc = (crc * 128 + (byte & 0x7f)) >>> 0;
  }
  return crc;
}
