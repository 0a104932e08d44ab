import { readdirSync, readFileSync } from 'node:fs';
import { fromHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { ORDER } from '../../src/index.ts';
import { describe as describeRefusals, replay } from './format.ts';

const folder = new URL('../../../../protocol-spec/vectors/policy/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

function readVector(name: string): { lines: Map<string, string>; bytes: Uint8Array } {
  const [head = '', hex = ''] = readFileSync(new URL(name, folder), 'utf8').split('\n\n');
  const lines = new Map(
    head.split('\n').map((line) => [line.split(': ')[0] ?? '', line.split(': ').slice(1).join(': ')]),
  );
  return { lines, bytes: fromHex(hex.replaceAll('\n', '')) };
}

/** Codes of kind refusal that other parts decide, or that this version does not reach yet. */
const ELSEWHERE = [
  'CONFLICT_ID',
  'STALE_CHARTER',
  'CLONE',
  'GATE_SIGNED',
  'GATE_SEAL',
  'GATE_SCRIPT',
  'GATE_CONFLICT',
  'GATE_HOME',
  'GATE_DEATH',
  'SIGHASH',
  'SCREEN_AMOUNT',
  'SCREEN_BURST',
  'SCREEN_LOOKALIKE',
  'SCREEN_DENY',
];

describe('the vectors of policy', () => {
  it.each(names)('%s comes out as it says, with the facts that it says', (name) => {
    const { lines, bytes } = readVector(name);
    const outcome = replay(bytes);
    if (outcome.kind === 'malformed') throw new Error(outcome.fault.detail);
    const refusals = outcome.kind === 'ok' ? [] : outcome.refusals;
    expect(refusals.length === 0 ? 'ok' : refusals.map(({ code }) => code).join(' ')).toBe(
      lines.get('expect'),
    );
    expect(describeRefusals(refusals)).toBe(lines.get('facts') ?? '');
  });

  it('have one for every code that policy decides', () => {
    const expected = new Set(names.map((name) => readVector(name).lines.get('expect')));
    const missing = ORDER.filter((code) => !expected.has(code));
    expect(missing).toEqual(ELSEWHERE);
  });
});
