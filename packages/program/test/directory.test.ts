import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecureDirectory, writeFileAtomic } from '../src/directory.ts';
import { EXIT } from '../src/exit.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'coldwire-directory-'));
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

describe('openSecureDirectory', () => {
  it('creates a directory that only its owner may enter, and takes it again', () => {
    const path = join(base, 'a', 'b');
    expect(openSecureDirectory(path)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(openSecureDirectory(path)).toBe(path);
  });

  it('takes a directory that others may read', () => {
    chmodSync(base, 0o755);
    expect(openSecureDirectory(base)).toBe(base);
  });

  it.each([0o720, 0o702, 0o777])('refuses a directory with mode %o', (mode) => {
    chmodSync(base, mode);
    expect(() => openSecureDirectory(base)).toThrow(
      expect.objectContaining({ exit: EXIT.ENVIRONMENT, where: base }),
    );
    chmodSync(base, 0o700);
  });

  it('refuses a symbolic link and a file', () => {
    symlinkSync(base, join(base, 'link'));
    expect(() => openSecureDirectory(join(base, 'link'))).toThrow('it is not a directory');
    writeFileSync(join(base, 'file'), '');
    expect(() => openSecureDirectory(join(base, 'file'))).toThrow();
  });
});

describe('writeFileAtomic', () => {
  it('replaces a file, keeps the mode private and leaves no temporary file', () => {
    const path = join(base, 'state');
    writeFileAtomic(path, 'old');
    writeFileAtomic(path, Uint8Array.of(1, 2));
    expect([...readFileSync(path)]).toEqual([1, 2]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(base)).toEqual(['state']);
  });

  it('leaves the old file and no temporary one when the new one cannot take its place', () => {
    const path = join(base, 'state');
    openSecureDirectory(path);
    expect(() => writeFileAtomic(path, 'x')).toThrow();
    expect(readdirSync(base)).toEqual(['state']);
    expect(statSync(path).isDirectory()).toBe(true);
  });
});
