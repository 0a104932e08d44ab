import { Address } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressToScript, scriptToAddress } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/wire.ts';
import { addressOf, KINDS, payments, REGTEST } from '../signing.ts';

describe('an address', () => {
  it.each(KINDS)('of %s is the one that another library makes, both ways', (kind) => {
    const address = addressOf(kind);
    expect(addressToScript(address)).toEqual(payments[kind].script);
    expect(scriptToAddress(payments[kind].script)).toBe(address);
  });

  it('of any hash agrees with another library', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(bytes(20), bytes(32), (short, long) => {
        const cases = [
          [Uint8Array.of(0x76, 0xa9, 20, ...short, 0x88, 0xac), { type: 'pkh', hash: short }],
          [Uint8Array.of(0xa9, 20, ...short, 0x87), { type: 'sh', hash: short }],
          [Uint8Array.of(0, 20, ...short), { type: 'wpkh', hash: short }],
          [Uint8Array.of(0, 32, ...long), { type: 'wsh', hash: long }],
        ] as const;
        for (const [script, value] of cases) {
          const address = Address(REGTEST).encode(value);
          expect(scriptToAddress(script)).toBe(address);
          expect(addressToScript(address)).toEqual(script);
        }
      }),
    );
  });

  it('may be written in capitals, but not in both', () => {
    const address = addressOf('p2wsh');
    expect(addressToScript(address.toUpperCase())).toEqual(payments.p2wsh.script);
    expect(addressToScript(`B${address.slice(1)}`)).toBeNull();
  });

  it('is refused with any one character changed', () => {
    for (const kind of KINDS) {
      const address = addressOf(kind);
      for (let at = 0; at < address.length; at += 1) {
        const other = address[at] === 'q' ? 'p' : 'q';
        expect(addressToScript(address.slice(0, at) + other + address.slice(at + 1))).toBeNull();
      }
    }
  });

  // Published examples of BIP-173 and BIP-350 are of the main network.
  it.each([
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
    '',
    'bcrt1',
    'bcrt1qqqqqq',
  ])('of another network or of no form is refused: %j', (text) => {
    expect(addressToScript(text)).toBeNull();
  });

  it('exists only for known scripts', () => {
    expect(scriptToAddress(Uint8Array.of(0x6a, 1, 1))).toBeNull();
    expect(scriptToAddress(new Uint8Array())).toBeNull();
    expect(toHex(addressToScript(addressOf('p2tr')) ?? new Uint8Array())).toMatch(/^5120/);
  });
});
