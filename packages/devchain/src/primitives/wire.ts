/**
 * Bitcoin's byte forms: little-endian integers, compact sizes, length-prefixed bytes. Refuses bytes that end
 * early and compact sizes that are not the shortest form, as Bitcoin Core does.
 */
import { Rejected } from '../rejected.ts';

const TOO_SHORT = 'the bytes end early';
/** Core's MAX_SIZE: no count or length is larger. */
const MAX_SIZE = 0x02000000;

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #advance(count: number): number {
    if (count > this.left) throw new Rejected('decode-failed', TOO_SHORT);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  bytes(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.slice(at, at + count);
  }

  /** A compact size: a count or a length. */
  size(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    const [value, least] =
      first === 0xfd ? [this.u16(), 0xfd] : first === 0xfe ? [this.u32(), 0x10000] : [MAX_SIZE + 1, 0];
    if (value < least) throw new Rejected('decode-failed', 'a compact size is not in its shortest form');
    if (value > MAX_SIZE) throw new Rejected('decode-failed', 'a compact size is too large');
    return value;
  }

  sized(): Uint8Array {
    return this.bytes(this.size());
  }

  /** Refuses bytes after the end. */
  end(): void {
    if (this.left > 0) throw new Rejected('decode-failed', `${this.left} bytes after the end`);
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function fixed(width: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(width);
  set(new DataView(bytes.buffer));
  return bytes;
}

export const u32 = (value: number): Uint8Array => fixed(4, (view) => view.setUint32(0, value, true));
export const i32 = (value: number): Uint8Array => fixed(4, (view) => view.setInt32(0, value, true));
export const i64 = (value: bigint): Uint8Array => fixed(8, (view) => view.setBigInt64(0, value, true));

export function size(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value < 0x10000) return Uint8Array.of(0xfd, value & 0xff, value >> 8);
  return concat([Uint8Array.of(0xfe), u32(value)]);
}

export function sized(bytes: Uint8Array): Uint8Array {
  return concat([size(bytes.length), bytes]);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Bytes of an even-length hex text; null when it is none. */
export function fromHex(text: string): Uint8Array | null {
  return /^([0-9a-fA-F]{2})*$/.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : null;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A 32-byte hash as people and RPC write it: hex, last byte first. */
export function displayHash(hash: Uint8Array): string {
  return toHex(Uint8Array.from(hash).reverse());
}

/** The bytes of a hash in display form; the caller has checked that it is 64 hex digits. */
export function hashBytes(display: string): Uint8Array {
  return Uint8Array.from(Buffer.from(display, 'hex')).reverse();
}
