import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeJson, escapeText } from '../src/escape.ts';

describe('escapeText', () => {
  it('shows what cannot be seen and leaves words of any script alone', () => {
    expect(escapeText('a\u001b[0m\u202eb\u200b\u{e0041}')).toBe('a\\u{1b}[0m\\u{202e}b\\u{200b}\\u{e0041}');
    expect(escapeText('Zürich 東京 кошелёк')).toBe('Zürich 東京 кошелёк');
  });
});

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
  });
});
