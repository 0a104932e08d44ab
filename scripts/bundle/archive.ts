/** The bundle as one file to carry: a tar that depends on names, modes and bytes only, not on times or users. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const SAME_EVERYWHERE = [
  '--format=ustar',
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
];

/** @returns SHA-256 of the archive, hexadecimal @throws Error if GNU tar is missing or fails */
export function writeArchive(directory: string, archive: string): string {
  const args = [...SAME_EVERYWHERE, '-cf', archive, '-C', dirname(directory), basename(directory)];
  const { status, stderr, error } = spawnSync('tar', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error !== undefined) throw new Error(`GNU tar is needed: ${error.message}`);
  if (status !== 0) throw new Error(`tar failed: ${stderr}`);
  return createHash('sha256').update(readFileSync(archive)).digest('hex');
}
