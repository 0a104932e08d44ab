/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999): bytes
 * without a zero, at most one more per 254. Only the shortest encoding is taken back: a zero byte, a block that runs past
 * the end, and a needless empty last block are refused. Spec: protocol-spec/2-link.md, "Frames".
 */

/** The longest block: 254 bytes that are not zero, without an implied zero after them. */
const FULL = 0xff;

/** Most bytes that `length` bytes can take when encoded. */
export function cobsBound(length: number): number {
  return length + Math.max(1, Math.ceil(length / (FULL - 1)));
}

/** Encodes `source` into `target` from `at` on, which must have room for `cobsBound`; returns the end. */
export function putCobs(source: Uint8Array, target: Uint8Array, at: number): number {
  let head = at;
  let next = at + 1;
  let open = true;
  for (let from = 0; from < source.length; from++) {
    const byte = source[from] ?? 0;
    if (byte !== 0) target[next++] = byte;
    if (byte !== 0 && next - head < FULL) continue;
    target[head] = next - head;
    // A full block at the very end needs no further block; after a zero there always is one.
    open = byte === 0 || from + 1 < source.length;
    if (open) head = next++;
  }
  if (open) target[head] = next - head;
  return next;
}

/** Decodes `source[start, end)` into a new array of exactly its length; `undefined` if it is not the shortest encoding. */
export function takeCobs(source: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (start >= end) return undefined;
  const target = new Uint8Array(end - start);
  let filled = 0;
  let at = start;
  let full = false;
  while (at < end) {
    const code = source[at] ?? 0;
    if (code === 0 || at + code > end) return undefined;
    const last = at + code === end;
    if (full && last && code === 1) return undefined;
    for (let from = at + 1; from < at + code; from++) {
      const byte = source[from] ?? 0;
      if (byte === 0) return undefined;
      target[filled++] = byte;
    }
    full = code === FULL;
    if (!full && !last) target[filled++] = 0;
    at += code;
  }
  return target.subarray(0, filled);
}
