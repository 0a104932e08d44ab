/** Reads what the kernel and the system say about themselves. What is missing reads as empty: a kernel may lack a feature. */
import { readdirSync, readFileSync } from 'node:fs';

/** @throws Error for anything but a missing file */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** As readText, and empty also where this user may not read. */
export function readIfAllowed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A whole number; null where the file is missing or holds none. */
export function readNumber(path: string): number | null {
  const text = readIfAllowed(path).trim();
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

/** Names in a directory; none if it is not there. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
