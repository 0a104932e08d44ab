/**
 * The key file of an online or semi-online role (vault, gate, screen, requester, custodian): plain JSON, mode 0600, its own secret
 * seeds in hexadecimal. Signers never use one: their keys come through the ceremony's pipe.
 * Refuses a file that others may read, and any other form.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { EXIT } from './exit.ts';
import { Failure } from './failure.ts';

export const ROLES = ['vault', 'gate', 'screen', 'requester', 'custodian'] as const;
export type Role = (typeof ROLES)[number];

export interface RoleKey {
  readonly role: Role;
  /** Ed25519 seed, 32 bytes (RFC 8032). */
  readonly identity: Uint8Array;
  /** X25519 private key, 32 bytes: gates only. */
  readonly seal: Uint8Array | undefined;
}

const SEED = /^[0-9a-f]{64}$/;

/** Makes a new key file; never replaces one. @throws Failure or a system error if it exists or cannot be written */
export function createRoleKey(path: string, role: Role): RoleKey {
  const key: RoleKey = {
    role,
    identity: new Uint8Array(randomBytes(32)),
    seal: role === 'gate' ? new Uint8Array(randomBytes(32)) : undefined,
  };
  const hex = (seed: Uint8Array | undefined) =>
    seed === undefined ? null : Buffer.from(seed).toString('hex');
  const json = JSON.stringify({ role, identity: hex(key.identity), seal: hex(key.seal) });
  writeFileSync(path, `${json}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return key;
}

/** @throws Failure if the file is readable by others, is not a key file, or is one of another role */
export function readRoleKey(path: string, role: Role): RoleKey {
  const fd = openSync(path, 'r');
  try {
    const { mode, uid } = fstatSync(fd);
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) {
      throw new Failure(EXIT.ENVIRONMENT, {
        what: 'others may read the key file',
        where: path,
        todo: `Take it for exposed: make a new key. To use it all the same: chmod 600 '${path}' as its owner.`,
      });
    }
    return parse(readFileSync(fd, 'utf8'), path, role);
  } finally {
    closeSync(fd);
  }
}

function parse(text: string, path: string, role: Role): RoleKey {
  const refuse = (what: string): Failure =>
    new Failure(EXIT.BAD_INPUT, { what, where: path, todo: `Name the ${role}'s key file.` });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('it is not a role key file');
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('role' in value) ||
    !('identity' in value) ||
    !('seal' in value)
  ) {
    throw refuse('it is not a role key file');
  }
  if (value.role !== role) throw refuse(`it is not the key of a ${role}`);
  const identity = readSeed(value.identity);
  if (identity === undefined) throw refuse('its identity seed is not 64 hexadecimal digits');
  const seal = value.seal === null ? undefined : readSeed(value.seal);
  if (role === 'gate' && seal === undefined) throw refuse('it has no seal key');
  return { role, identity, seal };
}

function readSeed(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' && SEED.test(value)
    ? new Uint8Array(Buffer.from(value, 'hex'))
    : undefined;
}
