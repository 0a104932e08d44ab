/**
 * Reads typed values out of database rows. STRICT tables and our own statements make every mismatch a bug, so it throws.
 * Integers arrive as bigint; amounts stay bigint (sat), everything else becomes a safe number.
 */
import type { SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

function wrong(row: Row, column: string, wanted: string): Error {
  return new Error(`column ${column} should hold ${wanted}, not ${typeof row[column]}`);
}

export function readBytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(row, column, 'bytes');
  return new Uint8Array(value);
}

export function readText(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw wrong(row, column, 'text');
  return value;
}

export function readSats(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value !== 'bigint') throw wrong(row, column, 'an integer');
  return value;
}

export function readNumber(row: Row, column: string): number {
  const value = Number(readSats(row, column));
  if (!Number.isSafeInteger(value)) throw wrong(row, column, 'a safe integer');
  return value;
}

/** The same readers for columns that may be NULL. */
export function readNullable<T>(row: Row, column: string, read: (row: Row, column: string) => T): T | null {
  return row[column] === null ? null : read(row, column);
}

/** A JSON array of texts: refusal codes. */
export function readCodes(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(readText(row, column));
  if (!Array.isArray(value) || !value.every((code) => typeof code === 'string')) {
    throw wrong(row, column, 'a list of codes');
  }
  return value;
}

/** A text column that holds one of a few words. */
export function readWord<const W extends string>(row: Row, column: string, words: readonly W[]): W {
  const value = readText(row, column);
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw wrong(row, column, `one of ${words.join(', ')}`);
  return word;
}
