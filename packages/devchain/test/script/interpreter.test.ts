import { Script } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { toHex } from '../../src/primitives/wire.ts';
import { judge, Rejected } from '../../src/rejected.ts';
import { runScript, type Surroundings } from '../../src/script/interpreter.ts';
import { decodeNumber, encodeNumber } from '../../src/script/number.ts';

const around: Surroundings = {
  segwit: true,
  checkSignature: (signature, key) => signature.length > 0 && signature[0] === key[0],
  requireLockTime: () => undefined,
  requireSequence: () => undefined,
};

type Item = Parameters<typeof Script.encode>[0][number];

/** The stack after a script, as hex; or the reason why it failed. */
function run(items: readonly Item[], stack: readonly Uint8Array[] = []): string[] | string {
  const work = [...stack];
  const failure = judge(() => runScript(work, Script.encode([...items]), around));
  return failure === null ? work.map(toHex) : failure.reason;
}

describe('an opcode', () => {
  it.each<[string, Item[], string[]]>([
    ['DUP', [1, 'DUP'], ['01', '01']],
    ['2DUP', [1, 2, '2DUP'], ['01', '02', '01', '02']],
    ['3DUP', [1, 2, 3, '3DUP'], ['01', '02', '03', '01', '02', '03']],
    ['2DROP', [1, 2, 3, '2DROP'], ['01']],
    ['NIP', [1, 2, 'NIP'], ['02']],
    ['OVER', [1, 2, 'OVER'], ['01', '02', '01']],
    ['ROT', [1, 2, 3, 'ROT'], ['02', '03', '01']],
    ['SWAP', [1, 2, 'SWAP'], ['02', '01']],
    ['TUCK', [1, 2, 'TUCK'], ['02', '01', '02']],
    ['IFDUP of true', [1, 'IFDUP'], ['01', '01']],
    ['IFDUP of false', [0, 'IFDUP'], ['']],
    ['DEPTH', [7, 7, 'DEPTH'], ['07', '07', '02']],
    ['SIZE', [Uint8Array.of(9, 9, 9), 'SIZE'], ['090909', '03']],
    ['ALTSTACK', [1, 2, 'TOALTSTACK', 3, 'FROMALTSTACK'], ['01', '03', '02']],
    ['ADD and SUB', [5, 3, 'SUB', 9, 'ADD'], ['0b']],
    ['a negative result', [1, 3, 'SUB'], ['82']],
    ['1ADD, 1SUB, NOT, 0NOTEQUAL', [4, '1ADD', '1SUB', '0NOTEQUAL', 'NOT'], ['']],
    ['MIN and MAX', [3, 5, 'MIN', 4, 'MAX'], ['04']],
    ['LESSTHAN', [3, 5, 'LESSTHAN'], ['01']],
    ['GREATERTHAN', [3, 5, 'GREATERTHAN'], ['']],
    ['WITHIN its lower bound', [3, 3, 5, 'WITHIN'], ['01']],
    ['WITHIN, not its upper bound', [5, 3, 5, 'WITHIN'], ['']],
    ['BOOLAND and BOOLOR', [1, 0, 'BOOLOR', 0, 'BOOLAND'], ['']],
    ['NUMEQUAL', [2, 2, 'NUMEQUAL'], ['01']],
    ['EQUAL', [Uint8Array.of(1, 0), 1, 'EQUAL'], ['']],
    ['IF', [1, 'IF', 2, 'ELSE', 3, 'ENDIF'], ['02']],
    ['NOTIF, nested', [1, 'NOTIF', 1, 'IF', 2, 'ENDIF', 'ELSE', 3, 'ENDIF'], ['03']],
    ['SHA256', [0, 'SHA256'], ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']],
    ['RIPEMD160', [0, 'RIPEMD160'], ['9c1185a5c5e9fc54612808977ee8f548b2258d31']],
    ['HASH160', [0, 'HASH160'], ['b472a266d0bd89c13706a4132ccfb16f7c3b9fcb']],
    ['HASH256', [0, 'HASH256'], ['5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456']],
  ])('%s does what it says', (_name, items, stack) => {
    expect(run(items)).toEqual(stack);
  });

  it.each<[Item[], string]>([
    [['DUP'], 'script-stack'],
    [[1, 'SWAP'], 'script-stack'],
    [['FROMALTSTACK'], 'script-stack'],
    [[0, 'VERIFY'], 'script-verify'],
    [[1, 2, 'EQUALVERIFY'], 'script-verify'],
    [['RETURN'], 'script-opcode'],
    [['NOP10'], 'script-opcode'],
    [['CODESEPARATOR'], 'script-opcode'],
    [['SHA1'], 'script-opcode'],
    [[1, 2, 'CAT'], 'script-opcode'],
    [[1, 'IF'], 'script-branches'],
    [['ELSE'], 'script-branches'],
    [['ENDIF'], 'script-branches'],
    [[2, 'IF', 'ENDIF'], 'script-minimalif'],
    [[Uint8Array.of(1, 0), '1ADD'], 'script-number'],
    [[Uint8Array.of(1, 2, 3, 4, 5), '1ADD'], 'script-number'],
    [[1, 'NOTIF', 1, 2, 'CAT', 'ENDIF'], 'script-opcode'],
  ])('fails: %j', (items, reason) => {
    expect(run(items)).toBe(reason);
  });
});

describe('CHECKMULTISIG', () => {
  const [a, b, c] = [Uint8Array.of(20), Uint8Array.of(21), Uint8Array.of(22)];
  const none = new Uint8Array();
  const check = (signatures: readonly Uint8Array[], dummy = none) =>
    run([2, a, b, c, 3, 'CHECKMULTISIG'], [dummy, ...signatures]);

  it('takes two signatures in the order of their keys', () => {
    expect(check([a, b])).toEqual(['01']);
    expect(check([a, c])).toEqual(['01']);
    expect(check([b, c])).toEqual(['01']);
  });

  it('refuses them in another order, one twice, and a foreign one', () => {
    expect(check([b, a])).toBe('script-nullfail');
    expect(check([a, a])).toBe('script-nullfail');
    expect(check([a, Uint8Array.of(99)])).toBe('script-nullfail');
  });

  it('is false without signatures, and demands the empty element below (BIP-147)', () => {
    expect(check([none, none])).toEqual(['']);
    expect(check([a, b], Uint8Array.of(1))).toBe('script-nulldummy');
  });

  it('refuses counts out of range', () => {
    expect(run([3, a, b, 2, 'CHECKMULTISIG'], [none, a, b])).toBe('script-multisig');
    expect(run([0, 21, 'CHECKMULTISIG'])).toBe('script-multisig');
  });
});

describe('the limits', () => {
  it('are 201 operations, a stack of 1,000, elements of 520 and scripts of 10,000 bytes', () => {
    const nops = (count: number): Item[] => Array.from({ length: count }, () => 'NOP');
    expect(run(nops(201))).toEqual([]);
    expect(run(nops(202))).toBe('script-operations');
    const ones = (count: number): Item[] => Array.from({ length: count }, () => 1);
    expect(run(ones(1000))).toHaveLength(1000);
    expect(run(ones(1001))).toBe('script-stack-size');
    expect(run([new Uint8Array(520)])).toHaveLength(1);
    expect(run([new Uint8Array(521)])).toBe('script-push-size');
    expect(judge(() => runScript([], new Uint8Array(10_001), around))?.reason).toBe('script-size');
  });

  it('hold for any bytes: a script succeeds or is refused, and never throws anything else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 5 }),
        (script, stack) => {
          try {
            runScript([...stack], script, around);
          } catch (error) {
            expect(error).toBeInstanceOf(Rejected);
          }
        },
      ),
      { numRuns: inForm(1_000, 20_000) },
    );
  });
});

describe('a script number', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 31n) + 1n, 2n ** 31n - 1n), (value) => {
        expect(decodeNumber(encodeNumber(value))).toBe(value);
      }),
    );
    expect(toHex(encodeNumber(-255n))).toBe('ff80');
    expect(toHex(encodeNumber(128n))).toBe('8000');
  });
});
