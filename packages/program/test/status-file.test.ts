import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readStatus, writeStatus } from '../src/status-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'coldwire-status-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('is what the running program wrote last, whole', () => {
  expect(() => readStatus(directory, 'gate')).toThrow(/no gate has run/);
  writeStatus(directory, { connected: true });
  writeStatus(directory, { connected: false, fee: 3n });
  expect(readStatus(directory, 'gate')).toMatchObject({
    alive: true,
    fields: { connected: false, fee: '3' },
  });
});

it('of a program that has ended, or has hung for minutes, is not taken for one of today', () => {
  writeStatus(directory, { connected: true });
  const path = join(directory, 'status.json');
  const { fields } = readStatus(directory, 'gate');
  writeFileSync(path, JSON.stringify({ ...fields, pid: 999_999_999 }));
  expect(readStatus(directory, 'gate').alive).toBe(false);
  writeFileSync(path, JSON.stringify({ ...fields, at: new Date(Date.now() - 300_000).toISOString() }));
  expect(readStatus(directory, 'gate').alive).toBe(false);
  expect(readFileSync(path, 'utf8')).toContain('connected');
});

it('that cannot be written ends nothing', () => {
  expect(() => writeStatus(join(directory, 'nowhere'), {})).not.toThrow();
});
