/** A file's text, or standard input's: whole, whether it is a file, a terminal or a pipe whose writer is still at work. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { text } from 'node:stream/consumers';

/** @param path `-` for standard input */
export function readInput(path: string): Promise<string> {
  // Not readFileSync(0): a pipe may be non-blocking, and then it fails with EAGAIN while the writer thinks.
  return path === '-' ? text(process.stdin) : Promise.resolve(readFileSync(path, 'utf8'));
}
