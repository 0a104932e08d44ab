import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, type Domain, equalBytes, fromHex, taggedHash, toHex } from '../src/index.ts';

const DOMAINS: readonly Domain[] = [
  'blob',
  'body',
  'charter',
  'commitment',
  'connection',
  'intent',
  'log',
  'message',
  'order',
  'registration',
  'request',
  'share',
  'verdict',
  'witness',
];

describe('a tagged hash', () => {
  it('is SHA-256 of the text that the specification gives, by another implementation', () => {
    for (const domain of DOMAINS) {
      const expected = createHash('sha256')
        .update(`coldwire/v1/${domain}\0`)
        .update('ab')
        .update('c')
        .digest();
      expect(toHex(taggedHash(domain, new TextEncoder().encode('ab'), new TextEncoder().encode('c')))).toBe(
        expected.toString('hex'),
      );
    }
  });

  it('parts one purpose from every other, whatever the bytes: no tag begins another', () => {
    for (const one of DOMAINS) {
      for (const other of DOMAINS) expect(one !== other && `${one}\0`.startsWith(`${other}\0`)).toBe(false);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const hashes = DOMAINS.map((domain) => toHex(taggedHash(domain, bytes)));
        hashes.push(createHash('sha256').update(bytes).digest('hex'));
        expect(new Set(hashes).size).toBe(DOMAINS.length + 1);
      }),
    );
  });

  it('has the domains that the specification lists', () => {
    const text = readFileSync(new URL('../../../protocol-spec/4-messages.md', import.meta.url), 'utf8');
    const [, listed = ''] = /with one of these domains: ([^.]+)\./.exec(text) ?? [];
    expect([...listed.matchAll(/`([a-z]+)`/g)].map(([, domain]) => domain)).toEqual(DOMAINS);
    const source = readFileSync(new URL('../src/hash.ts', import.meta.url), 'utf8');
    const [, union = ''] = /export type Domain =([^;]+);/.exec(source) ?? [];
    expect([...union.matchAll(/'([a-z]+)'/g)].map(([, domain]) => domain).sort()).toEqual(DOMAINS);
  });
});

describe('bytes', () => {
  it('are compared by length and contents', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true);
        expect(toHex(concatBytes(a, b))).toBe(toHex(a) + toHex(b));
        expect(toHex(a)).toBe(Buffer.from(a).toString('hex'));
        expect(fromHex(toHex(a).toUpperCase())).toEqual(a);
      }),
    );
  });

  it.each(['0', 'abc', 'zz', '0x00', ' 00', '00 ', '０0', '-1'])('refuse %j as hexadecimal', (text) => {
    expect(() => fromHex(text)).toThrow(/not hexadecimal/);
  });
});
