/** How a gate says no: its codes, their order, and what their facts may hold. */
import { describe, expect, test } from 'vitest';
import codeFile from '../../../protocol-spec/codes.json' with { type: 'json' };
import { GATE_CODES, inOrder, refuse } from '../src/core/refusal.ts';

describe('Refusals of a gate', () => {
  test('have the codes of the code file, in its order', () => {
    const order = codeFile.codes
      .map(({ code }) => code)
      .filter((code) => GATE_CODES.some((known) => known === code));
    expect(order).toEqual([...GATE_CODES]);
  });

  test('stand in the order of the codes, and of one code in that in which they were found', () => {
    const found = GATE_CODES.toReversed().map((code) => refuse(code));
    expect(inOrder(found).map(({ code }) => code)).toEqual([...GATE_CODES]);
    const one = refuse('SCREENING', { intent: 'b' });
    const two = refuse('SCREENING', { intent: 'a' });
    expect(inOrder([one, two, refuse('LIMIT')])).toEqual([refuse('LIMIT'), one, two]);
  });

  test('carry facts as texts of 160 characters at most', () => {
    expect(refuse('LIMIT', { what: 'x'.repeat(161), got: 7, limit: 6n })).toEqual({
      code: 'LIMIT',
      facts: [
        ['what', 'x'.repeat(160)],
        ['got', '7'],
        ['limit', '6'],
      ],
    });
    expect(refuse('SIGHASH').facts).toEqual([]);
  });
});
