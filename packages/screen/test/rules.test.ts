import { decodeIntent } from '@coldwire/protocol';
import { encodeAddress } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, lookOf } from '../src/address.ts';
import { median, usualLimit } from '../src/rules/amount.ts';
import { applyRules, type Subject } from '../src/rules/index.ts';
import { DEFAULTS } from '../src/settings.ts';
import { makeIntent, scriptOf, sha } from './fixture.ts';

type Parts = Partial<Omit<Subject, 'clearedAmounts'>> & {
  readonly amount?: bigint;
  readonly clearedAmounts?: readonly bigint[];
};

function subject(parts: Parts): Subject {
  const [bytes] = makeIntent(sha(9), { id: 1, amount: parts.amount ?? 50_000n });
  const decoded = decodeIntent(bytes);
  if (!decoded.ok) throw new Error('not an intent');
  const { amount: _, clearedAmounts = [], ...rest } = parts;
  return {
    intent: decoded.value,
    address: addressOf(decoded.value.script, 'regtest'),
    clearedAmounts: () => clearedAmounts,
    recent: 0,
    knownDestination: false,
    lookalike: undefined,
    denied: false,
    ...rest,
  };
}

function codesOf(parts: Parts): readonly string[] {
  return applyRules(subject(parts), DEFAULTS).map(({ code }) => code);
}

const usual = Array.from({ length: 20 }, (_, i) => 20_000_000n + BigInt(i) * 500_000n);

describe('SCREEN_AMOUNT', () => {
  it('lets everything up to the floor pass, with and without history', () => {
    expect(codesOf({ amount: DEFAULTS.amountFloor })).toEqual([]);
    expect(codesOf({ amount: DEFAULTS.amountFloor, clearedAmounts: usual.map(() => 1n) })).toEqual([]);
  });

  it('holds what is above the floor while there is no usual amount', () => {
    expect(codesOf({ amount: DEFAULTS.amountFloor + 1n })).toEqual(['SCREEN_AMOUNT']);
    expect(codesOf({ amount: 20_000_000n, clearedAmounts: usual.slice(0, 7) })).toEqual(['SCREEN_AMOUNT']);
    expect(codesOf({ amount: 20_000_000n, clearedAmounts: usual.slice(0, 8) })).toEqual([]);
  });

  it('holds exactly what is above median plus six spreads', () => {
    // Median 24.5 M, median deviation 2.5 M: its 1.4826-fold is less than a quarter of the median, which counts then.
    const limit = 24_500_000n + 6n * (24_500_000n / 4n);
    expect(usualLimit(usual, DEFAULTS)).toBe(limit);
    expect(codesOf({ amount: limit, clearedAmounts: usual })).toEqual([]);
    expect(codesOf({ amount: limit + 1n, clearedAmounts: usual })).toEqual(['SCREEN_AMOUNT']);
  });

  it('widens with a spread that is real', () => {
    const wide = [10n, 20n, 40n, 60n, 80n, 100n, 120n, 140n, 160n].map((value) => value * 1_000_000n);
    // Median 80 M, deviations 0, 20, 20, 40, 40, 60, 60, 70, 80: median 40 M, times 1.4826.
    expect(usualLimit(wide, DEFAULTS)).toBe(80_000_000n + 6n * 59_304_000n);
  });

  it('is not moved by a minority of extreme amounts, however large', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: 2_100_000_000_000_000n }), { maxLength: 5 }),
        (extreme) => {
          expect(usualLimit([...usual, ...extreme], DEFAULTS)).toBeLessThan(90_000_000n);
        },
      ),
    );
    expect(median([5n, 1n, 9n])).toBe(5n);
    expect(median([4n, 1n, 9n, 7n])).toBe(4n);
  });
});

describe('SCREEN_BURST', () => {
  it('holds the one after the last that is allowed in a span', () => {
    expect(codesOf({ recent: DEFAULTS.burstCount - 1 })).toEqual([]);
    expect(codesOf({ recent: DEFAULTS.burstCount })).toEqual(['SCREEN_BURST']);
  });
});

describe('SCREEN_LOOKALIKE', () => {
  it('holds a new destination that looks like a known one, and names that', () => {
    const found = applyRules(subject({ lookalike: 'bcrt1qknown' }), DEFAULTS);
    expect(found).toEqual([{ code: 'SCREEN_LOOKALIKE', like: 'bcrt1qknown' }]);
  });

  it('lets a destination pass that was paid before', () => {
    expect(codesOf({ lookalike: 'bcrt1qknown', knownDestination: true })).toEqual([]);
  });
});

describe('SCREEN_DENY', () => {
  it('holds what the deny list names, and reports every other reason too, in the order of the codes', () => {
    expect(codesOf({ denied: true })).toEqual(['SCREEN_DENY']);
    const all = codesOf({ denied: true, lookalike: 'x', recent: 1000, amount: 10n ** 12n });
    expect(all).toEqual(['SCREEN_AMOUNT', 'SCREEN_BURST', 'SCREEN_LOOKALIKE', 'SCREEN_DENY']);
  });
});

describe('an address as the screen writes it', () => {
  const hash = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const scripts = fc.oneof(
    hash(20).map((h) => Uint8Array.from([0x76, 0xa9, 0x14, ...h, 0x88, 0xac])),
    hash(20).map((h) => Uint8Array.from([0xa9, 0x14, ...h, 0x87])),
    hash(20).map((h) => Uint8Array.from([0x00, 0x14, ...h])),
    hash(32).map((h) => Uint8Array.from([0x00, 0x20, ...h])),
    hash(32).map((h) => Uint8Array.from([0x51, 0x20, ...h])),
  );

  it('is the one that the wallet writes, on every network', () => {
    const networks = fc.constantFrom('mainnet', 'testnet4', 'signet', 'regtest');
    fc.assert(
      fc.property(scripts, networks, (script, network) => {
        expect(addressOf(script, network)).toBe(encodeAddress(script, network));
      }),
      { numRuns: 1000 },
    );
  });

  it('is the BIP-350 vector for a later witness version, and stays readable for what has no address', () => {
    const program = Uint8Array.from(Buffer.from('6002751e', 'hex'));
    expect(addressOf(program, 'mainnet')).toBe('bc1sw50qgdz25j');
    expect(addressOf(Uint8Array.of(0x6a, 1, 2), 'mainnet')).toBe('script:6a0102');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (script) => addressOf(script, 'signet').length > 0),
    );
  });

  it('keeps of its look the kind and three characters at each end', () => {
    expect(lookOf('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).toBe('bc1qw50…3t4');
    expect(lookOf('bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq0')).toBe('bcrt1p0xl…vq0');
    expect(lookOf('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2')).toBe('1BvB…VN2');
    const [a, b] = [scriptOf(1), scriptOf(2)].map((script) => lookOf(addressOf(script, 'regtest')));
    expect(a).not.toBe(b);
  });
});
