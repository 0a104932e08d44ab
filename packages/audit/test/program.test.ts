import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newDirectory, readBatches, writeBatches } from './forge.ts';
import { Town } from './town.ts';

const PROGRAM = new URL('../../../scripts/coldwire-audit', import.meta.url).pathname;
const run = promisify(execFile);

let town: Town;
beforeAll(async () => {
  town = new Town();
  await town.open('A');
  await town.stop('A');
});
afterAll(() => town.remove());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function audit(...parameters: string[]): Promise<Ended> {
  vi.useRealTimers();
  try {
    return { code: 0, ...(await run(PROGRAM, parameters)) };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !('stdout' in error) || !('stderr' in error))
      throw error;
    return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}

describe('coldwire-audit', () => {
  it.each(['verify', 'replay'])(
    '%s ends with 0 without findings, its JSON on the last line',
    async (command) => {
      const { code, stdout, stderr } = await audit(
        command,
        town.directory,
        '--charter',
        town.charter,
        '--json',
      );
      const answer = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
      expect(answer).toMatchObject({ findings: 0, mismatches: 0, list: [] });
      expect(answer.messages).toBeGreaterThan(0);
      expect(stderr).toContain('progress');
      expect(code).toBe(0);
    },
  );

  it('ends with 3 and says where, what it means and what to do', async () => {
    const forged = writeBatches(
      newDirectory(town.directory),
      'A',
      readBatches(town.own('A')).toSpliced(2, 1),
    );
    const found = await audit('verify', forged, town.line('A'), '--charter', town.charter);
    expect(found.code).toBe(3);
    expect(found.stdout).toMatch(/FINDING BAD_|FINDING AUDIT_/);
    expect(found.stdout).toContain(join(forged, 'evidence-000000.cborseq'));
    expect(found.stdout).toContain('    do:    ');
    expect(found.stdout).toContain('cut at its end');
    const json = await audit('verify', forged, town.line('A'), '--charter', town.charter, '--json');
    const { list, findings } = JSON.parse(json.stdout);
    expect(findings).toBe(list.length);
    expect(Object.keys(list[0])).toEqual(['code', 'log', 'file', 'at', 'record', 'what', 'todo']);
  });

  it('ends with 4 when the charter is not in force or there is no log, and with 2 where no charter lies with the logs', async () => {
    const unsigned = join(town.directory, 'not-a-charter.cbor');
    writeFileSync(unsigned, 'x');
    expect((await audit('verify', town.directory, '--charter', unsigned)).code).toBe(4);
    const empty = newDirectory(town.directory);
    writeFileSync(empty, '');
    const none = await audit('replay', empty, '--charter', town.charter);
    expect(none.stderr).toContain('there is no evidence log in it');
    expect(none.code).toBe(4);
    const alone = mkdtempSync(join(tmpdir(), 'coldwire-audit-'));
    const uncharted = await audit('verify', alone);
    rmSync(alone, { recursive: true });
    expect(uncharted.stderr).toContain('--charter FILE');
    expect(uncharted.code).toBe(2);
  });

  it('takes the charter that lies with the logs', async () => {
    const named = await audit('verify', town.directory, '--charter', town.charter, '--json');
    const found = await audit('verify', town.directory, '--json');
    expect(found.stdout).toBe(named.stdout);
  });
});
