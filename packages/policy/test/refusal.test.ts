import { describe, expect, it } from 'vitest';
import { MAX_REFUSALS, ORDER, refuse, refused } from '../src/refusal.ts';

describe('refusals', () => {
  it('are reported in the order of the codes, whatever order they were found in', () => {
    const found = ORDER.toReversed().map((code) => refuse(code));
    expect(refused(found).refusals.map(({ code }) => code)).toEqual(ORDER);
  });

  it('of one code stay in the order in which they were found', () => {
    const found = [refuse('DUST', { output: 2 }), refuse('FROZEN'), refuse('DUST', { output: 1 })];
    expect(refused(found).refusals).toEqual([found[1], found[0], found[2]]);
  });

  it('are at most 256: the first ones', () => {
    const found = Array.from({ length: 300 }, (_, output) => refuse('DUST', { output }));
    expect(MAX_REFUSALS).toBe(256);
    expect(refused(found).refusals).toEqual(found.slice(0, 256));
  });

  it('carry facts as text', () => {
    expect(refuse('LIMIT', { what: 'inputs', got: 7, limit: 6n })).toEqual({
      kind: 'refusal',
      code: 'LIMIT',
      facts: [
        ['what', 'inputs'],
        ['got', '7'],
        ['limit', '6'],
      ],
    });
    expect(refuse('FROZEN').facts).toEqual([]);
  });
});
