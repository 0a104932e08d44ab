/**
 * A program's own directory and the files it replaces in it.
 *
 * Refuses a directory that belongs to another user, that its group or others may write to, or that is a
 * symbolic link: whoever can swap files there can swap a state or a key file.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { EXIT } from './exit.ts';
import { Failure } from './failure.ts';

const GROUP_OR_WORLD_WRITABLE = 0o022;

/** Creates `path` with mode 0700 (and its parents) unless it exists, checks it, and returns it absolute. */
export function openSecureDirectory(path: string): string {
  const where = resolve(path);
  if (mkdirSync(where, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(where));
  const stat = lstatSync(where);
  const refuse = (what: string, todo: string): Failure =>
    new Failure(EXIT.ENVIRONMENT, { what, where, todo });
  if (!stat.isDirectory()) throw refuse('it is not a directory', 'Name a directory, not a link or a file.');
  if (stat.uid !== process.geteuid?.()) {
    throw refuse('the directory belongs to another user', 'Run as its owner, or name another directory.');
  }
  if ((stat.mode & GROUP_OR_WORLD_WRITABLE) !== 0) {
    throw refuse('others may write to the directory', `Check what is in it, then run: chmod 700 '${where}'`);
  }
  return where;
}

/**
 * Replaces a file so that after a crash at any moment it holds either the old bytes or the new ones, whole:
 * temporary file, fsync, rename, fsync of the directory.
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string, mode = 0o600): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes a created, renamed or removed name in `path` survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
