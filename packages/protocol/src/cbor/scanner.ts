// The gate in front of the CBOR decoder: it walks the bytes once, allocates nothing that they claim, and lets through
// only the one deterministic form (protocol-spec/1-cbor.md; RFC 8949 section 4.2.1, narrowed).
//
// It refuses floats, tags, negative integers, undefined and other simple values, indefinite lengths, heads that are
// not the shortest, keys that are not unsigned integers in strictly ascending order, invalid UTF-8, a text that begins
// with U+FEFF, nesting and sizes above the limits, input that ends early, and bytes after the item.
// cbor-x checks none of this, and recurses: without this file 20 kB of nested claims can end the process.

import type { Fault, FaultCode } from '../fault.ts';
import { makeFault } from '../fault.ts';
import { findInvalidUtf8 } from './utf8.ts';

/** Bytes of one item; nested containers around a value, its own included; data items in all. */
export type Limits = { readonly maxBytes?: number; readonly maxDepth?: number; readonly maxItems?: number };

/** What a message on the line may measure; larger things are pulled in chunks and scanned with their own limit. */
export const DEFAULT_MAX_BYTES = 16_384;
export const DEFAULT_MAX_DEPTH = 8;
/** Bounds what a decoder builds: an empty map is one byte here and some two hundred in memory. */
export const DEFAULT_MAX_ITEMS = 65_536;

/** The outcome for one item: where it ends, that the input ends first, or why it can never be accepted. */
export type ItemScan =
  | { readonly kind: 'item'; readonly end: number }
  | { readonly kind: 'truncated'; readonly at: number; readonly detail: string }
  | Fault;

type Stop = Exclude<ItemScan, { kind: 'item' }>;

/** Checks that `bytes` are exactly one item. Returns the first fault in byte order, or undefined. */
export function scan(bytes: Uint8Array, limits: Limits = {}): Fault | undefined {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  if (bytes.length > maxBytes) {
    return makeFault('TOO_LARGE', `${bytes.length} bytes, at most ${maxBytes} are accepted`);
  }
  const outcome = scanItem(bytes, 0, limits);
  if (outcome.kind === 'fault') return outcome;
  if (outcome.kind === 'truncated') return makeFault('MALFORMED', outcome.detail, outcome.at);
  if (outcome.end === bytes.length) return undefined;
  return makeFault('MALFORMED', `${bytes.length - outcome.end} bytes after the item`, outcome.end);
}

/** Checks the one item that begins at `from`; what follows it is not looked at. */
export function scanItem(bytes: Uint8Array, from: number, limits: Limits = {}): ItemScan {
  return new Scan(bytes, from, limits).run();
}

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const MAP = 5;
const SIMPLE = 7;
const BYTE_ORDER_MARK = 0xefbbbf;
const TWO_32 = 0x1_0000_0000;
const NOT_IN_PROFILE: Readonly<Record<number, string>> = { 1: 'a negative integer', 6: 'a tag' };

class Scan {
  readonly #bytes: Uint8Array;
  readonly #from: number;
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  #at: number;
  /** Items still to come at all levels together. Each takes a byte at least, so no claim above the rest is believed. */
  #owed = 1;
  #items = 0;
  // One entry per open container: items to come, whether it is a map, and the last key as two 32-bit halves.
  readonly #left: number[] = [];
  readonly #isMap: boolean[] = [];
  readonly #keyHigh: number[] = [];
  readonly #keyLow: number[] = [];
  // The argument of the head just read, also as halves: an 8-byte one does not fit a JavaScript number.
  #high = 0;
  #low = 0;

  constructor(bytes: Uint8Array, from: number, limits: Limits) {
    this.#bytes = bytes;
    this.#from = from;
    this.#at = from;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.#maxItems = limits.maxItems ?? DEFAULT_MAX_ITEMS;
  }

  run(): ItemScan {
    while (this.#owed > 0) {
      const stop = this.#readItem();
      if (stop !== undefined) return this.#withinLimit(stop);
    }
    return this.#withinLimit({ kind: 'item', end: this.#at });
  }

  /** An item that is whole above the limit, or would go on above it, is refused for that. */
  #withinLimit(outcome: ItemScan): ItemScan {
    if (outcome.kind === 'fault') return outcome;
    const end = outcome.kind === 'item' ? outcome.end : this.#bytes.length + 1;
    if (end - this.#from <= this.#maxBytes) return outcome;
    return refuse('TOO_LARGE', this.#from, `an item of more than ${this.#maxBytes} bytes`);
  }

  #readItem(): Stop | undefined {
    const start = this.#at;
    this.#items += 1;
    const initial = this.#bytes[start];
    if (initial === undefined) return truncate(start, 'the input ends where an item is due');
    const isKey = this.#countDown();
    const major = initial >> 5;
    if (major === SIMPLE) return this.#readSimple(initial & 0x1f, start, isKey);
    const foreign = NOT_IN_PROFILE[major];
    if (foreign !== undefined) {
      return refuse('NONCANONICAL', start, `${foreign} where this protocol has none`);
    }
    const stop = this.#readArgument(initial & 0x1f, start);
    if (stop !== undefined) return stop;
    if (isKey) return major === UINT ? this.#checkKey(start) : refuseKey(start);
    if (major === BYTES || major === TEXT) return this.#skipString(major, start);
    return major === UINT ? undefined : this.#open(major === MAP, start);
  }

  /** Books the item that begins now; says whether it stands where a map has a key. Closes what is full. */
  #countDown(): boolean {
    this.#owed -= 1;
    let depth = this.#left.length;
    while (depth > 0 && this.#left[depth - 1] === 0) {
      this.#close();
      depth -= 1;
    }
    if (depth === 0) return false;
    const left = this.#left[depth - 1] ?? 0;
    this.#left[depth - 1] = left - 1;
    return this.#isMap[depth - 1] === true && left % 2 === 0;
  }

  #readSimple(info: number, start: number, isKey: boolean): Stop | undefined {
    this.#at = start + 1;
    const known = info >= 20 && info <= 22; // false, true, null
    if (known) return isKey ? refuseKey(start) : undefined;
    if (info === 31) return refuse('MALFORMED', start, 'a break outside of an indefinite length');
    if (info >= 28) return refuse('MALFORMED', start, 'a reserved head');
    const what = info >= 25 ? 'a float' : 'a simple value other than false, true and null';
    return refuse('NONCANONICAL', start, `${what} where this protocol has none`);
  }

  /** Reads the argument into #high and #low. */
  #readArgument(info: number, start: number): Stop | undefined {
    this.#high = 0;
    this.#low = info;
    this.#at = start + 1;
    if (info < 24) return undefined;
    if (info === 31) return refuse('NONCANONICAL', start, 'an indefinite length');
    if (info >= 28) return refuse('MALFORMED', start, 'a reserved head');
    const width = 1 << (info - 24);
    if (start + 1 + width > this.#bytes.length) return truncate(start, 'the input ends inside a head');
    if (width === 8) this.#high = this.#readUint(start + 1, 4);
    this.#low = this.#readUint(start + 1 + (width === 8 ? 4 : 0), Math.min(width, 4));
    this.#at = start + 1 + width;
    if (this.#isShortest(width)) return undefined;
    return refuse('NONCANONICAL', start, 'a head longer than its argument needs');
  }

  #readUint(at: number, width: number): number {
    let value = 0;
    for (let index = at; index < at + width; index += 1) value = value * 256 + (this.#bytes[index] ?? 0);
    return value;
  }

  #isShortest(width: number): boolean {
    if (width === 8) return this.#high > 0;
    if (width === 4) return this.#low > 0xffff;
    return width === 2 ? this.#low > 0xff : this.#low >= 24;
  }

  #checkKey(start: number): Stop | undefined {
    const level = this.#left.length - 1;
    const high = this.#keyHigh[level] ?? -1;
    const low = this.#keyLow[level] ?? -1;
    const ascends = this.#high > high || (this.#high === high && this.#low > low);
    if (!ascends) return refuse('NONCANONICAL', start, 'a map key that is not above the one before it');
    this.#keyHigh[level] = this.#high;
    this.#keyLow[level] = this.#low;
    return undefined;
  }

  #skipString(major: number, start: number): Stop | undefined {
    const length = this.#high * TWO_32 + this.#low; // inexact above 2^53, where every limit is long passed
    const stop = this.#expect(length, start);
    if (stop !== undefined) return stop;
    const from = this.#at;
    this.#at = from + length;
    if (major === BYTES) return undefined;
    const invalid = findInvalidUtf8(this.#bytes, from, this.#at);
    if (invalid >= 0) return refuse('MALFORMED', invalid, 'a text that is not valid UTF-8');
    // Text decoders drop a leading byte order mark silently: two texts on the line would then read as one.
    const marked = length >= 3 && this.#readUint(from, 3) === BYTE_ORDER_MARK;
    return marked ? refuse('MALFORMED', from, 'a text that begins with a byte order mark') : undefined;
  }

  #open(isMap: boolean, start: number): Stop | undefined {
    if (this.#left.length >= this.#maxDepth) {
      return refuse('TOO_LARGE', start, `nested deeper than ${this.#maxDepth} levels`);
    }
    const items = (this.#high * TWO_32 + this.#low) * (isMap ? 2 : 1);
    const stop = this.#expect(items, start);
    if (stop !== undefined) return stop;
    if (this.#items + this.#owed + items > this.#maxItems) {
      return refuse('TOO_LARGE', start, `more than ${this.#maxItems} data items`);
    }
    this.#owed += items;
    this.#left.push(items);
    this.#isMap.push(isMap);
    this.#keyHigh.push(-1);
    this.#keyLow.push(-1);
    return undefined;
  }

  #close(): void {
    this.#left.pop();
    this.#isMap.pop();
    this.#keyHigh.pop();
    this.#keyLow.pop();
  }

  /** Stops unless limit and input leave room for `more` bytes or items and for everything owed besides. */
  #expect(more: number, start: number): Stop | undefined {
    const end = this.#at + more + this.#owed;
    if (end - this.#from > this.#maxBytes) {
      return refuse('TOO_LARGE', start, `a length that needs more than ${this.#maxBytes} bytes in all`);
    }
    return end > this.#bytes.length ? truncate(start, 'a length beyond the end of the input') : undefined;
  }
}

function refuseKey(at: number): Fault {
  return refuse('NONCANONICAL', at, 'a map key that is not an unsigned integer');
}

function refuse(code: FaultCode, at: number, detail: string): Fault {
  return makeFault(code, detail, at);
}

function truncate(at: number, detail: string): Stop {
  return { kind: 'truncated', at, detail };
}
