/**
 * Files of a ceremony: reading small ones, and writing a new directory's worth of them so that nothing is ever replaced
 * and a ceremony that breaks off leaves nothing behind.
 */
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, Failure, openSecureDirectory, syncDirectory } from '@coldwire/program';
import { readToEnd } from './descriptors.ts';

/** Key files, share files and identities are a few hundred bytes. */
const MAX_FILE = 65_536;
const PRIVATE = 0o600;

/** @param source a path, or `fd:N` for a descriptor that is open already */
export function readSource(source: string): Uint8Array {
  const match = /^fd:(\d+)$/.exec(source);
  if (match !== null) return readToEnd(Number(match[1]), MAX_FILE, source);
  const fd = openSync(source, 'r');
  try {
    return readToEnd(fd, MAX_FILE, source);
  } finally {
    closeSync(fd);
  }
}

export type NewFile = { readonly name: string; readonly bytes: Uint8Array };

/**
 * Writes a ceremony's files, in order, into a directory that is new or empty; synced one by one, the last one is the one
 * that makes the set valid. On any error all are taken away again.
 */
export function writeNewFiles(directory: string, files: readonly NewFile[]): string {
  const where = openSecureDirectory(directory);
  if (readdirSync(where).length > 0) {
    const what = 'the directory is not empty, and nothing is ever overwritten';
    throw new Failure(EXIT.BAD_INPUT, { what, where, todo: 'Name a new directory with --out.' });
  }
  const written: string[] = [];
  try {
    for (const { name, bytes } of files) {
      written.push(join(where, name));
      createFile(join(where, name), bytes);
    }
    syncDirectory(where);
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
  return where;
}

/** Creates one file, mode 0600; one that exists is left alone. */
export function writeNewFile(path: string, bytes: Uint8Array): void {
  try {
    createFile(path, bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const what = 'the file exists, and nothing is ever overwritten';
    throw new Failure(EXIT.BAD_INPUT, { what, where: path, todo: 'Name a new file with --out.' });
  }
  syncDirectory(dirname(resolve(path)));
}

function createFile(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'wx', PRIVATE);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
