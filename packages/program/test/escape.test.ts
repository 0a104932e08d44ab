import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeJson } from '../src/escape.ts';

describe('escapeJson', () => {
  it('changes no value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(escapeJson(JSON.stringify({ text })))).toEqual({ text });
      }),
    );
  });

  it('leaves no character that moves, hides or reorders text', () => {
    expect(escapeJson(JSON.stringify('\u202e\u{e0041}'))).toBe('"\\u202e\\udb40\\udc41"');
    // Beside a letter that is written from right to left, digits may be shown in another order.
    expect(escapeJson(JSON.stringify('א1'))).toBe('"\\u05d01"');
  });
});
