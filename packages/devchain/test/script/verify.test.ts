import { SigHash } from '@scure/btc-signer';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Node } from '../../src/node.ts';
import { describeTransaction, parseTransaction } from '../../src/primitives/transaction.ts';
import { judge } from '../../src/rejected.ts';
import { verifyTransaction } from '../../src/script/verify.ts';
import { coinOf, fundAll, type KindCoin, makeNode, scriptOf } from '../harness.ts';
import { KINDS, type Kind, rawOf, spend } from '../signing.ts';

let node: Node;
let coins: KindCoin[];

beforeAll(() => {
  ({ node } = makeNode());
  coins = fundAll(node, 3);
});

const to = (kind: Kind, amount: bigint) => ({ script: scriptOf(kind), amount });

function verdict(raw: Uint8Array): string | null {
  return judge(() => node.mempool.test(parseTransaction(raw)))?.reason ?? null;
}

describe('a spend signed by another library', () => {
  it.each(KINDS)('is accepted for %s', (kind) => {
    const tx = spend({ coins: [coinOf(coins, kind)], outputs: [to('p2wsh', 990_000n)] });
    expect(verdict(rawOf(tx))).toBeNull();
  });

  it.each(KINDS)('is refused for %s when an output was changed after signing', (kind) => {
    const raw = rawOf(spend({ coins: [coinOf(coins, kind)], outputs: [to('p2wsh', 990_000n)] }));
    const at = Buffer.from(raw).indexOf(Buffer.from(scriptOf('p2wsh')));
    raw[at + 5] = (raw[at + 5] ?? 0) ^ 1;
    expect(verdict(raw)).toMatch(/script-nullfail|schnorr-sig|script-false/);
  });

  it('is accepted with all kinds in one transaction', () => {
    const all = KINDS.map((kind) => coinOf(coins, kind));
    const tx = spend({ coins: all, outputs: [to('p2tr', 6_990_000n)] });
    expect(verdict(rawOf(tx))).toBeNull();
  });

  it('is refused with the number of the input and what is wrong there', () => {
    const lie = { ...coinOf(coins, 'p2wsh'), amount: 1_000_001n };
    const tx = spend({ coins: [coinOf(coins, 'p2wpkh'), lie], outputs: [to('p2tr', 1_990_000n)] });
    const rejection = judge(() => node.mempool.test(parseTransaction(rawOf(tx))));
    expect(rejection?.message).toBe('script-nullfail, input 1');
  });

  it('is refused where devchain cannot check: annex, taproot script path, unknown witness version', () => {
    const good = parseTransaction(
      rawOf(spend({ coins: [coinOf(coins, 'p2tr')], outputs: [to('p2wsh', 990_000n)] })),
    );
    const withWitness = (...more: Uint8Array[]) => {
      const inputs = good.tx.inputs.map((input) => ({ ...input, witness: [...input.witness, ...more] }));
      return judge(() => node.mempool.test(describeTransaction({ ...good.tx, inputs })))?.message;
    };
    expect(withWitness()).toBeUndefined();
    expect(withWitness(Uint8Array.of(0x50))).toContain('does not check an annex');
    expect(withWitness(Uint8Array.of(0x51), new Uint8Array(33).fill(0xc0))).toContain('taproot script path');
    const future = {
      script: Uint8Array.of(0x52, 32, ...new Uint8Array(32)),
      amount: 1n,
      height: 1,
      coinbase: false,
    };
    expect(judge(() => verifyTransaction(good.tx, [future]))?.message).toContain('cannot check the script');
  });

  const types = [SigHash.ALL, SigHash.NONE, SigHash.SINGLE].flatMap((base) => [base, base | 0x80]);
  it.each(types.flatMap((type) => KINDS.map((kind) => [type, kind] as const)))(
    'is accepted with hash type %i for %s',
    (sighash, kind) => {
      const tx = spend({
        coins: [coinOf(coins, kind), coinOf(coins, kind, 1)],
        outputs: [to('p2wpkh', 900_000n), to('p2wpkh', 900_000n)],
        sighash,
      });
      expect(verdict(rawOf(tx))).toBeNull();
    },
  );
});
