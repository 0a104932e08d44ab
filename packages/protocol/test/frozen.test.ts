import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareFrozen } from '../../../scripts/spec/freeze.ts';

const VECTORS = join(import.meta.dirname, '../../../protocol-spec/vectors');

describe('the vectors of version 1', () => {
  const sums = readFileSync(join(VECTORS, 'SHA256SUMS'), 'utf8');
  const { lines, added, problems } = compareFrozen(VECTORS, sums);

  it('are as they were frozen, and none is gone', () => {
    expect(problems).toEqual([]);
  });

  it('are all frozen: node scripts/spec/freeze.ts adds new ones', () => {
    expect(added).toEqual([]);
  });

  it('are listed as sha256sum lists them, sorted by path', () => {
    expect(sums).toBe(`${lines.join('\n')}\n`);
  });
});

describe('a list of frozen vectors', () => {
  // printf one | sha256sum; printf two | sha256sum
  const ONE = '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';
  const TWO = '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3';
  const SUMS = `${ONE}  area/one.txt\n`;
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldwire-frozen-'));
    mkdirSync(join(folder, 'area'));
    writeFileSync(join(folder, 'area/one.txt'), 'one');
    writeFileSync(join(folder, 'README.md'), 'not a vector');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('fits the folder that it was made of', () => {
    expect(compareFrozen(folder, SUMS)).toEqual({ lines: [SUMS.trim()], added: [], problems: [] });
  });

  it('takes a new vector in at its place', () => {
    writeFileSync(join(folder, 'area/a.txt'), 'two');
    expect(compareFrozen(folder, SUMS)).toEqual({
      lines: [`${TWO}  area/a.txt`, SUMS.trim()],
      added: ['area/a.txt'],
      problems: [],
    });
  });

  it('names a vector that changed', () => {
    writeFileSync(join(folder, 'area/one.txt'), 'two');
    expect(compareFrozen(folder, SUMS).problems).toEqual([
      'area/one.txt is frozen and changed: bring its bytes back',
    ]);
  });

  it('names a vector that is gone', () => {
    rmSync(join(folder, 'area/one.txt'));
    expect(compareFrozen(folder, SUMS).problems).toEqual(['area/one.txt is frozen and gone: bring it back']);
  });

  it('is refused with a line that is none, or a path twice', () => {
    for (const sums of [`${SUMS}area/two.txt\n`, `${SUMS}\n`, SUMS + SUMS])
      expect(() => compareFrozen(folder, sums)).toThrow('SHA256SUMS');
  });
});
