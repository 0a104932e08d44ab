import { Transaction } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeTransaction, parseTransaction, serialize } from '../../src/primitives/transaction.ts';
import { toHex } from '../../src/primitives/wire.ts';
import { judge, Rejected } from '../../src/rejected.ts';

const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const input = fc.record({
  txid: hash,
  vout: u32,
  script: bytes(300),
  sequence: u32,
  witness: fc.array(bytes(300), { maxLength: 3 }),
});
const output = fc.record({ amount: fc.bigInt(0n, 2_100_000_000_000_000n), script: bytes(300) });
const transaction = fc.record({
  version: fc.integer({ min: 1, max: 2 }),
  inputs: fc.array(input, { minLength: 1, maxLength: 5 }),
  outputs: fc.array(output, { minLength: 1, maxLength: 5 }),
  locktime: u32,
});

describe('a transaction', () => {
  it('reads back as it was written, and its id is the one that another library computes', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        const known = parseTransaction(serialize(tx, true));
        expect(known.tx).toEqual(tx);
        expect(known).toEqual(describeTransaction(tx));
        const options = { allowUnknownInputs: true, allowUnknownOutputs: true, disableScriptCheck: true };
        // The other library computes the id of the form without witness.
        expect(Transaction.fromRaw(serialize(tx, false), options).id).toBe(known.txid);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused with a byte missing or added at its end', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        const raw = serialize(tx, true);
        expect(judge(() => parseTransaction(raw.subarray(0, -1)))).toBeInstanceOf(Rejected);
        expect(judge(() => parseTransaction(Uint8Array.of(...raw, 0)))).toBeInstanceOf(Rejected);
      }),
      { numRuns: 50 },
    );
  });

  it('of any bytes is read or refused, and what is read writes the same bytes', () => {
    fc.assert(
      fc.property(bytes(200), (raw) => {
        let again: Uint8Array | undefined;
        judge(() => {
          again = parseTransaction(raw).raw;
        });
        if (again !== undefined) expect(toHex(again)).toBe(toHex(raw));
      }),
    );
  });

  it.each([
    ['a count that is not in its shortest form', `01000000fd0100${'00'.repeat(41)}0100000000`],
    ['a witness marker with every witness empty', `01000000000101${'00'.repeat(41)}000000000000`],
    ['more inputs than bytes', '01000000fe00000002'],
    ['no inputs', '010000000000000000'],
  ])('is refused with %s', (_what, hex) => {
    expect(judge(() => parseTransaction(Uint8Array.from(Buffer.from(hex, 'hex'))))?.reason).toBe(
      'decode-failed',
    );
  });
});
