/**
 * Reading Bitcoin's wire encoding from untrusted bytes. Never throws: the first problem is kept and from then on every
 * read gives zero or nothing, so that a decoder's loops end by themselves and it asks once, at its end, for the fault.
 * Refuses a CompactSize that is not in shortest form, a length beyond the end (before anything is allocated), and
 * bytes left over.
 */
import { type Fault, type FaultCode, makeFault } from '@coldwire/protocol/fault.ts';
import { compactSizeLength } from './wire-writer.ts';

const NOTHING = new Uint8Array(0);

export type Reader = {
  /** Offset of the next byte. */
  at(): number;
  failed(): boolean;
  /** Notes a problem of the decoder's own; only the first one counts. */
  fail(code: FaultCode, detail: string, at: number): void;
  u8(): number;
  u32(): number;
  u64(): bigint;
  /** A CompactSize in shortest form, from 0 to `limit`; TOO_LARGE above it. */
  compactSize(limit: number, what: string): number;
  /** A copy of the next `length` bytes. */
  raw(length: number, what: string): Uint8Array;
  /** CompactSize length, then a copy of that many bytes. */
  prefixed(what: string): Uint8Array;
  /** The first fault met, bytes left over included. */
  end(): Fault | undefined;
};

export function createReader(bytes: Uint8Array): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let fault: Fault | undefined;
  const has = (length: number, what: string): boolean => {
    if (fault !== undefined) return false;
    if (length <= bytes.length - at) return true;
    reader.fail('MALFORMED', `${what} reaches beyond the end`, at);
    return false;
  };
  const readWideSize = (head: number): number => {
    if (head === 0xfe) return reader.u32();
    if (head === 0xff) return Number(reader.u64());
    return reader.u8() + 0x100 * reader.u8();
  };
  const reader: Reader = {
    at: () => at,
    failed: () => fault !== undefined,
    fail(code, detail, where) {
      fault ??= makeFault(code, detail, where);
    },
    u8() {
      if (!has(1, 'a byte')) return 0;
      at += 1;
      return view.getUint8(at - 1);
    },
    u32() {
      if (!has(4, 'a 32-bit integer')) return 0;
      at += 4;
      return view.getUint32(at - 4, true);
    },
    u64() {
      if (!has(8, 'a 64-bit integer')) return 0n;
      at += 8;
      return view.getBigUint64(at - 8, true);
    },
    compactSize(limit, what) {
      const start = at;
      const head = reader.u8();
      const value = head < 0xfd ? head : readWideSize(head);
      if (fault !== undefined) return 0;
      if (compactSizeLength(value) !== at - start) {
        reader.fail('NONCANONICAL', `${what} is not in the shortest CompactSize form`, start);
      } else if (value > limit) {
        reader.fail('TOO_LARGE', `${what} is ${value}, the limit is ${limit}`, start);
      }
      return fault === undefined ? value : 0;
    },
    raw(length, what) {
      if (!has(length, what)) return NOTHING;
      at += length;
      return bytes.slice(at - length, at);
    },
    prefixed(what) {
      // The length has no limit of its own: `raw` compares it with what is left before it copies.
      return reader.raw(reader.compactSize(Number.MAX_SAFE_INTEGER, `the length of ${what}`), what);
    },
    end() {
      if (at < bytes.length) reader.fail('MALFORMED', `${bytes.length - at} bytes follow the end`, at);
      return fault;
    },
  };
  return reader;
}
