/** Consistency by its vectors; each of its limits by itself is tested where charters are loaded, in policy. */
import { describe, expect, it } from 'vitest';
import { decodeCharter, findCharterProblems } from '../../src/index.ts';
import { readVectors } from '../vector.ts';

const vectors = readVectors('charter', 'consistency');

describe('the vectors of consistency', () => {
  it('are all there', () => {
    expect(vectors.map((vector) => vector.get('expect')).filter((code) => code === 'ok')).toHaveLength(3);
    expect(vectors).toHaveLength(11);
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const charter = decodeCharter(vector.bytes);
    if (!charter.ok) throw new Error(charter.fault.detail);
    const isFit = vector.get('expect') === 'ok';
    if (!isFit) expect(vector.get('expect')).toBe('CHARTER_UNFIT');
    expect(findCharterProblems(charter.value)).toEqual(isFit ? [] : [vector.get('problem')]);
  });
});
