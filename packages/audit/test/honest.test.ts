import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Report, replayLogs, verifyLogs } from '../src/index.ts';
import { tellStory } from './story.ts';
import type { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = await tellStory();
});
afterAll(() => town.remove());

const findings = (report: Report) => report.findings.map(({ code, what }) => `${code}: ${what}`);

describe('the logs of honest machines', () => {
  it('have no findings, with every check at work', () => {
    const report = verifyLogs([town.directory], town.charter);
    expect(findings(report)).toEqual([]);
    expect(report.cleared).toBe(3);
    expect(report.checks).toHaveLength(13);
    expect(report.logs.map(({ owner }) => owner).sort()).toEqual(
      ['A', 'B', 'C', 'gate-1', 'vault-1', 'vault-1', 'vault-1', 'vault-1'].sort(),
    );
  });

  it('are replayed from the machines’ own logs: every change and every byte', () => {
    const report = replayLogs([town.directory], town.charter);
    expect(findings(report)).toEqual([]);
    expect(report.mismatches).toBe(0);
  });

  it('are replayed from the vault’s logs alone', () => {
    const report = replayLogs([`${town.directory}/lines`], town.charter);
    expect(findings(report)).toEqual([]);
    expect(report.mismatches).toBe(0);
  });
});
