import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { readLog } from '../src/index.ts';

const FOLDER = new URL('../../../protocol-spec/vectors/evidence/', import.meta.url);

describe('the vectors of the evidence log', () => {
  it.each(readdirSync(FOLDER))('%s', (name) => {
    const [head = '', hex = ''] = readFileSync(new URL(name, FOLDER), 'utf8').split('\n\n');
    const [, expected] = /^expect: (\S+)$/m.exec(head) ?? [];
    const directory = mkdtempSync(join(tmpdir(), 'coldwire-evidence-'));
    try {
      writeFileSync(join(directory, 'evidence-000000.cborseq'), fromHex(hex.replaceAll('\n', '')));
      const kind = [...readLog(directory)].at(-1)?.kind;
      expect(kind).toBe(expected === 'ok' ? 'batch' : expected === 'torn' ? 'torn' : 'corrupt');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
