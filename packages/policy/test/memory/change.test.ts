/** The form of the changes of a memory; of all others in test/state/forms.test.ts. */
import { describe, expect, it } from 'vitest';
import { decodeChange, encodeChange } from '../../src/index.ts';
import { changes, fits, type Kind, shape, U32 } from '../state/samples.ts';

const OWN: readonly Kind[] = ['asked', 'attested', 'born', 'latched', 'ordered', 'unfrozen', 'restored'];
const own = changes.filter(({ kind }) => OWN.includes(kind));

describe('changes of a memory', () => {
  it('come back from their bytes', () => {
    expect(own).toHaveLength(OWN.length);
    for (const change of own) expect(decodeChange(encodeChange(change))).toEqual({ ok: true, value: change });
  });

  // Journals of machines in use are read by these numbers: mend the code, never this list.
  it('have a number for each kind, and one for each field', () => {
    expect(own.map((change) => `${change.kind} ${shape(encodeChange(change))}`)).toEqual([
      'asked 32 {1}',
      'attested 33 {1 2}',
      'born 34 {1}',
      'latched 35 {1 2 3 4 5 6}',
      'ordered 36 {1 2 3 4}',
      'unfrozen 37 {1 2 3}',
      'restored 38 {1 2}',
    ]);
  });

  it('have heights and numbers up to a limit', () => {
    for (const [kind, path] of [
      ['born', 'height'],
      ['ordered', 'expires'],
      ['unfrozen', 'expires'],
      ['restored', 'height'],
    ] as const) {
      const at = (value: number) => fits(kind, path, () => value);
      expect([-1, 0, U32, U32 + 1].map(at)).toEqual([false, true, true, false]);
    }
  });

  it('have names of 1 to 16 bytes, custodians of 1 to 32, nonces of 16 and orders of 32', () => {
    const text = (kind: Kind, path: string, most: number) =>
      [0, 1, most, most + 1].map((length) => fits(kind, path, () => 'x'.repeat(length)));
    const good = [false, true, true, false];
    expect(text('attested', 'gates.0', 16)).toEqual(good);
    expect(text('attested', 'heads.0.0', 16)).toEqual(good);
    expect(text('latched', 'gate', 16)).toEqual(good);
    expect(text('latched', 'vault', 16)).toEqual(good);
    expect(text('ordered', 'by.0', 32)).toEqual(good);
    const bytes = (kind: Kind, path: string, length: number) =>
      [length - 1, length, length + 1].map((size) => fits(kind, path, () => new Uint8Array(size)));
    expect(bytes('asked', 'nonce', 16)).toEqual([false, true, false]);
    expect(bytes('ordered', 'order', 32)).toEqual([false, true, false]);
    expect(bytes('unfrozen', 'order', 32)).toEqual([false, true, false]);
  });

  it('have up to 8 gates and heads, and 64 custodians', () => {
    const list = (kind: Kind, path: string, ...lengths: number[]) =>
      lengths.map((length) =>
        fits(kind, path, (old) => Array.from({ length }, () => (Array.isArray(old) ? old[0] : undefined))),
      );
    expect(list('attested', 'gates', 0, 1, 8, 9)).toEqual([false, true, true, false]);
    expect(list('attested', 'heads', 0, 8, 9)).toEqual([true, true, false]);
    expect(list('ordered', 'by', 0, 1, 64, 65)).toEqual([false, true, true, false]);
  });

  it('know two latches', () => {
    const codes = ['STATE_ROLLBACK', 'CLONE', 'FROZEN', ''];
    expect(codes.filter((code) => fits('latched', 'code', () => code))).toEqual(['STATE_ROLLBACK', 'CLONE']);
  });
});
