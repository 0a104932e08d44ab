/**
 * The file that this process runs, and its SHA-256: what an operator compares with the SHA256SUMS of the installed bundle, where
 * each program is one file. Of a program started from its sources it is the first file only. Read once, before anything secret.
 * A program that was replaced may state what it likes: comparing from outside, with sha256sum, is what proves it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import process from 'node:process';

export interface ProgramFile {
  readonly path: string;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
}

let known: ProgramFile | undefined;

/** @throws Error (I/O) */
export function readProgramFile(): ProgramFile {
  if (known === undefined) {
    const path = realpathSync(process.argv[1] ?? '');
    const sha256 = new Uint8Array(createHash('sha256').update(readFileSync(path)).digest());
    known = { path, sha256 };
  }
  return known;
}

/** As sha256sum prints it. */
export function describeProgram({ path, sha256 }: ProgramFile = readProgramFile()): string {
  return `${Buffer.from(sha256).toString('hex')}  ${path}`;
}
