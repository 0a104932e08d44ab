/**
 * Errors of SQLite that are no bug of ours, in words for the person at the machine: the disk, the file, another process.
 * Source of the numbers: sqlite.org/rescode.html, primary result codes.
 */
import { EXIT, Failure } from '@coldwire/program';

const BUSY = 5;
const OUTSIDE: ReadonlyMap<number, readonly [what: string, todo: string]> = new Map([
  [BUSY, ['another process has the database open', 'Stop the other one; two never share this file.']],
  [8, ['the database is read-only', 'Give this user the right to write to it.']],
  [10, ['the disk failed', 'Check the disk; what was acknowledged is in the file.']],
  [11, ['the database is damaged', 'Keep the file and restore the last backup; do not repair it by hand.']],
  [13, ['the disk is full', 'Free some space and start again; what was acknowledged is on disk.']],
  [14, ['the database cannot be opened', 'Check the directory and its permissions.']],
  [26, ['it is not a database', 'Name another state directory, or restore the last backup.']],
]);

/** A Failure for what lies outside of the program; anything else is given back as it is. */
export function explainSqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  const primary = error.errcode & 0xff;
  const known = OUTSIDE.get(primary);
  if (known === undefined) return error;
  const exit = primary === BUSY ? EXIT.ENVIRONMENT : EXIT.IO;
  return new Failure(exit, { what: known[0], where: path, todo: known[1], cause: error });
}
