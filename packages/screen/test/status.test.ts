import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeScreen, formatScreen, keepStatus } from '../src/status.ts';

const directory = mkdtempSync(join(tmpdir(), 'coldwire-screen-status-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('says that it runs, what it holds, and how its disk is; and of one that ended, that it does not run', () => {
  expect(() => describeScreen(directory, 0)).toThrow(/no screen has run/);
  const told: string[] = [];
  keepStatus(directory, 'screen-1', (code, detail) => told.push(`${code} ${detail}`));
  const status = describeScreen(directory, 0);
  expect(status).toMatchObject({ screen: 'screen-1', running: true, held: 0, blockers: [] });
  expect(status['disk']).toMatchObject({ free: expect.any(Number) });
  expect(formatScreen(describeScreen(directory, 2))).toMatch(
    /^screen screen-1: running since .*\n {2}2 held: coldwire-screen held lists them {2}\[SCREENING/,
  );

  const path = join(directory, 'status.json');
  const written: Record<string, unknown> = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...written, pid: 999_999_999 }));
  expect(formatScreen(describeScreen(directory, 0))).toMatch(
    /NOT RUNNING\n {2}the screen does not run: systemctl/,
  );
});
