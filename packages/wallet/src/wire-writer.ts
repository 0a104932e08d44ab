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

function assertUnsigned(value: number, limit: number): void {
  if (!Number.isInteger(value) || value < 0 || value > limit) {
    throw new RangeError(`cannot write ${value}: not an integer from 0 to ${limit}`);
  }
}

/** A writer into one buffer of exactly `length` bytes. A class, since one is made for every input that is signed. */
export class Writer {
  readonly #out: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.#out = new Uint8Array(length);
    this.#view = new DataView(this.#out.buffer);
  }

  u8(value: number): void {
    assertUnsigned(value, 0xff);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  u32(value: number): void {
    assertUnsigned(value, 0xffffffff);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  u64(value: bigint): void {
    if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`cannot write ${value} as u64`);
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
  }

  /** At most 2³² − 1: nothing in a transaction is longer. */
  compactSize(value: number): void {
    if (value < 0xfd) {
      this.u8(value);
    } else if (value > 0xffff) {
      this.u8(0xfe);
      this.u32(value);
    } else {
      this.u8(0xfd);
      this.#view.setUint16(this.#at, value, true);
      this.#at += 2;
    }
  }

  raw(bytes: Uint8Array): void {
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** CompactSize length, then the bytes. */
  prefixed(bytes: Uint8Array): void {
    this.compactSize(bytes.length);
    this.raw(bytes);
  }

  /** The bytes written; throws unless exactly the announced number was written. */
  finish(): Uint8Array {
    if (this.#at !== this.#out.length) {
      throw new Error(`wrote ${this.#at} bytes of ${this.#out.length}: the size was computed wrongly`);
    }
    return this.#out;
  }
}
