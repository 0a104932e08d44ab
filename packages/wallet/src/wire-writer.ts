/**
 * Writing Bitcoin's wire encoding: little-endian integers, CompactSize, byte strings with their length.
 * For values that we made ourselves; a value out of range is a bug and throws RangeError.
 */

/** Number of bytes of the CompactSize encoding of `value`. */
export function compactSizeLength(value: number): number {
  if (value < 0xfd) return 1;
  if (value <= 0xffff) return 3;
  return value <= 0xffffffff ? 5 : 9;
}

/** Number of bytes of a byte string of `length` bytes together with its CompactSize. */
export function prefixedLength(length: number): number {
  return compactSizeLength(length) + length;
}

export type Writer = {
  u8(value: number): void;
  u32(value: number): void;
  u64(value: bigint): void;
  /** At most 2³² − 1: nothing in a transaction is longer. */
  compactSize(value: number): void;
  raw(bytes: Uint8Array): void;
  /** CompactSize length, then the bytes. */
  prefixed(bytes: Uint8Array): void;
  /** The bytes written; throws unless exactly the announced number was written. */
  finish(): Uint8Array;
};

function assertUnsigned(value: number, limit: number): void {
  if (!Number.isInteger(value) || value < 0 || value > limit) {
    throw new RangeError(`cannot write ${value}: not an integer from 0 to ${limit}`);
  }
}

/** A writer into one buffer of exactly `length` bytes. */
export function createWriter(length: number): Writer {
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  let at = 0;
  const writer: Writer = {
    u8(value) {
      assertUnsigned(value, 0xff);
      view.setUint8(at, value);
      at += 1;
    },
    u32(value) {
      assertUnsigned(value, 0xffffffff);
      view.setUint32(at, value, true);
      at += 4;
    },
    u64(value) {
      if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`cannot write ${value} as u64`);
      view.setBigUint64(at, value, true);
      at += 8;
    },
    compactSize(value) {
      if (value < 0xfd) return writer.u8(value);
      if (value > 0xffff) {
        writer.u8(0xfe);
        return writer.u32(value);
      }
      writer.u8(0xfd);
      view.setUint16(at, value, true);
      at += 2;
    },
    raw(bytes) {
      out.set(bytes, at);
      at += bytes.length;
    },
    prefixed(bytes) {
      writer.compactSize(bytes.length);
      writer.raw(bytes);
    },
    finish() {
      if (at !== length) throw new Error(`wrote ${at} bytes of ${length}: the size was computed wrongly`);
      return out;
    },
  };
  return writer;
}
