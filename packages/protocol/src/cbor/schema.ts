// Closed schemas: what a decoded value must look like, field by field, and the only way to encode one.
// A schema refuses whatever it does not name: unknown and missing keys, other types, other lengths, other values.
// It also gives every integer one JavaScript type, whatever its width on the line (protocol-spec/1-cbor.md, 1.4).

import { findUnprintable } from '../unprintable.ts';

/** What cbor-x reads and writes inside the profile. Maps hold their keys in ascending order. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Plain[]
  | Map<number, Plain>;

/** Where a value leaves its schema. The path grows from the inside out, so a valid value pays nothing for it. */
export class Mismatch {
  readonly path: string;
  readonly detail: string;

  constructor(detail: string, path = '') {
    this.detail = detail;
    this.path = path;
  }

  under(segment: string): Mismatch {
    return new Mismatch(this.detail, segment + this.path);
  }
}

declare const valueType: unique symbol;

/** Both directions take `unknown`: the bytes are a stranger's, and a caller's mistake must not reach the line. */
export interface Schema<T> {
  /** Stands first in every path, for example `SignRequest`. */
  readonly name: string;
  readonly [valueType]?: T;
  read(plain: unknown): T | Mismatch;
  write(value: unknown): Plain | Mismatch;
}

export type Infer<S> = S extends Schema<infer T> ? T : never;

const TWO_32 = 0x1_0000_0000;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** An unsigned integer as a number, 0 to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  if (!Number.isSafeInteger(max)) throw new Error(`A maximum must be an exact integer, not ${max}.`);
  const check = (value: number) =>
    Number.isSafeInteger(value) && value >= 0 && value <= max ? value : new Mismatch(`must be 0 to ${max}`);
  return {
    name: 'uint',
    read: (plain) => (isInteger(plain) ? check(Number(plain)) : new Mismatch('must be an unsigned integer')),
    write(value) {
      if (typeof value !== 'number') return new Mismatch('must be a number');
      const checked = check(value);
      return typeof checked === 'number' ? shortestInteger(checked) : checked;
    },
  };
}

/** An unsigned integer as a bigint, 0 to 2^64 - 1. */
export function u64(): Schema<bigint> {
  return {
    name: 'u64',
    read: (plain) => (isInteger(plain) ? BigInt(plain) : new Mismatch('must be an unsigned integer')),
    write(value) {
      if (typeof value !== 'bigint') return new Mismatch('must be a bigint');
      if (value < 0n || value > MAX_U64) return new Mismatch('must be 0 to 2^64 - 1');
      return value < BigInt(TWO_32) ? Number(value) : value;
    },
  };
}

/** An amount in satoshi. Any 64-bit value has the form; whether it can be Bitcoin is for policy (VALUE_RANGE). */
export const sats: () => Schema<bigint> = u64;

/** A byte string of `min` to `max` bytes; of exactly `min` when `max` is left out. The value is never a view. */
export function bytes(min: number, max: number = min): Schema<Uint8Array> {
  const wanted = min === max ? `${min}` : `${min} to ${max}`;
  const check = (value: unknown) => {
    if (!(value instanceof Uint8Array)) return new Mismatch('must be a byte string');
    if (value.length < min || value.length > max) {
      return new Mismatch(`must have ${wanted} bytes, not ${value.length}`);
    }
    return value;
  };
  return { name: 'bytes', read: check, write: check };
}

/** A text of `min` to `max` bytes of UTF-8 without unprintable characters (unprintable.ts). */
export function text(min: number, max: number): Schema<string> {
  const check = (value: unknown) => {
    if (typeof value !== 'string') return new Mismatch('must be a text');
    if (!value.isWellFormed()) return new Mismatch('holds half of a surrogate pair');
    const size = Buffer.byteLength(value);
    if (size < min || size > max) {
      return new Mismatch(`must have ${min} to ${max} bytes of UTF-8, not ${size}`);
    }
    const unprintable = findUnprintable(value);
    if (unprintable === undefined) return value;
    return new Mismatch(`holds the unprintable character U+${unprintable.toString(16).padStart(4, '0')}`);
  };
  return { name: 'text', read: check, write: check };
}

export function bool(): Schema<boolean> {
  const check = (value: unknown) =>
    typeof value === 'boolean' ? value : new Mismatch('must be true or false');
  return { name: 'bool', read: check, write: check };
}

/** One of a few fixed values: unsigned integers, texts, true, false or null. */
export function literal<const A extends readonly (number | string | boolean | null)[]>(
  ...allowed: A
): Schema<A[number]> {
  for (const value of allowed) checkLiteral(value);
  const wanted = allowed.map((value) => JSON.stringify(value)).join(', ');
  const find = (value: unknown): A[number] | undefined => allowed.find((candidate) => candidate === value);
  return {
    name: 'literal',
    read(plain) {
      const found = find(typeof plain === 'bigint' ? Number(plain) : plain);
      return found === undefined ? new Mismatch(`must be one of: ${wanted}`) : found;
    },
    write(value) {
      const found = find(value);
      if (found === undefined) return new Mismatch(`must be one of: ${wanted}`);
      return typeof found === 'number' ? shortestInteger(found) : found;
    },
  };
}

/** The value of another schema, or null. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return {
    name: schema.name,
    read: (plain) => (plain === null ? null : schema.read(plain)),
    write: (value) => (value === null ? null : schema.write(value)),
  };
}

function checkLiteral(value: number | string | boolean | null): void {
  const possible = typeof value === 'number' ? Number.isSafeInteger(value) && value >= 0 : true;
  if (
    !possible ||
    (typeof value === 'string' && (!value.isWellFormed() || findUnprintable(value) !== undefined))
  ) {
    throw new Error(
      `A literal must be an unsigned integer or a printable text, not ${JSON.stringify(value)}.`,
    );
  }
}

function isInteger(plain: unknown): plain is number | bigint {
  return typeof plain === 'number' || typeof plain === 'bigint';
}

/** cbor-x writes a number of 2^32 or more as a float, and every bigint with an 8-byte head. */
export function shortestInteger(value: number): number | bigint {
  return value < TWO_32 ? value : BigInt(value);
}
