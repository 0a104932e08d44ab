import type { Transaction } from '@scure/btc-signer';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Node } from '../../src/node.ts';
import { parseTransaction } from '../../src/primitives/transaction.ts';
import { judge } from '../../src/rejected.ts';
import {
  type Clock,
  coinbaseCoin,
  coinOf,
  fundAll,
  type KindCoin,
  makeNode,
  scriptOf,
  submit,
} from '../harness.ts';
import { coinsOf, type Plan, rawOf, spend } from '../signing.ts';

let node: Node;
let clock: Clock;
let coins: KindCoin[];

beforeEach(() => {
  ({ node, clock } = makeNode());
  coins = fundAll(node);
});

const pay = (amount: bigint) => ({ script: scriptOf('p2wpkh'), amount });
/** A payment of one coin, with this fee. */
const payment = (fee: bigint, skip = 0, more: Partial<Plan> = {}): Transaction =>
  spend({ coins: [coinOf(coins, 'p2wpkh', skip)], outputs: [pay(1_000_000n - fee)], ...more });
const outputOf = (tx: Transaction): KindCoin => {
  const [coin] = coinsOf(tx);
  if (coin === undefined) throw new Error('no output');
  return { ...coin, kind: 'p2wpkh' };
};
const reasonOf = (tx: Transaction): string | null =>
  judge(() => node.mempool.test(parseTransaction(rawOf(tx))))?.reason ?? null;
const waiting = (): string[] => node.mempool.entries().map(({ known }) => known.txid);

describe('the mempool accepts', () => {
  it('a chain of 25 unconfirmed transactions and not one more', () => {
    let last = payment(1_000n);
    for (let i = 0; i < 24; i += 1) {
      submit(node, last);
      const coin = outputOf(last);
      last = spend({ coins: [coin], outputs: [pay(coin.amount - 1_000n)] });
    }
    expect(submit(node, last)).toBe(last.id);
    const coin = outputOf(last);
    const over = spend({ coins: [coin], outputs: [pay(coin.amount - 1_000n)] });
    expect(reasonOf(over)).toBe('too-long-mempool-chain');
  });

  it('25 transactions below one ancestor, itself counted, and not one more', () => {
    const fan = spend({
      coins: [coinOf(coins, 'p2wpkh')],
      outputs: Array.from({ length: 25 }, () => pay(30_000n)),
    });
    submit(node, fan);
    const children = coinsOf(fan).map((coin) =>
      spend({ coins: [{ ...coin, kind: 'p2wpkh' }], outputs: [pay(29_000n)] }),
    );
    const last = children.pop();
    if (last === undefined) throw new Error('no child');
    for (const child of children) submit(node, child);
    expect(waiting()).toHaveLength(25);
    expect(reasonOf(last)).toBe('too-long-mempool-chain');
  });
});

describe('the mempool refuses', () => {
  it('a fee below the relay minimum, and takes exactly the minimum', () => {
    expect(reasonOf(payment(109n))).toBe('min relay fee not met');
    expect(reasonOf(payment(110n))).toBeNull();
  });

  it('dust, and takes the least amount that is none', () => {
    const withOutput = (kind: 'p2wpkh' | 'p2wsh' | 'p2pkh', amount: bigint) =>
      spend({
        coins: [coinOf(coins, 'p2wpkh')],
        outputs: [pay(900_000n), { script: scriptOf(kind), amount }],
      });
    for (const [kind, limit] of [
      ['p2wpkh', 294n],
      ['p2wsh', 330n],
      ['p2pkh', 546n],
    ] as const) {
      expect(reasonOf(withOutput(kind, limit - 1n))).toBe('dust');
      expect(reasonOf(withOutput(kind, limit))).toBeNull();
    }
  });

  it('outputs of more than the inputs', () => {
    const inflated = { ...coinOf(coins, 'p2wpkh'), amount: 2_000_000n };
    expect(reasonOf(spend({ coins: [inflated], outputs: [pay(1_000_001n)] }))).toBe('bad-txns-in-belowout');
  });

  it('a coin that does not exist', () => {
    const unknown = { ...coinOf(coins, 'p2wpkh'), txid: '11'.repeat(32) };
    expect(reasonOf(spend({ coins: [unknown], outputs: [pay(1n)] }))).toBe('dust');
    expect(reasonOf(spend({ coins: [unknown], outputs: [pay(9_000n)] }))).toBe(
      'bad-txns-inputs-missingorspent',
    );
  });

  it('a coinbase before its 100th confirmation, and takes it then', () => {
    const height = node.chain.tip.height - 98;
    const coin = { ...coinbaseCoin(node, height), kind: 'p2wpkh' as const };
    const tx = spend({ coins: [coin], outputs: [pay(coin.amount - 1_000n)] });
    expect(reasonOf(tx)).toBe('bad-txns-premature-spend-of-coinbase');
    node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(tx)).toBeNull();
  });

  it('an output script that it could not check when spent', () => {
    const strange = { script: new Uint8Array(20).fill(0x51), amount: 900_000n };
    expect(reasonOf(spend({ coins: [coinOf(coins, 'p2wpkh')], outputs: [strange] }))).toBe('scriptpubkey');
  });

  it('two data outputs, and takes one', () => {
    const data = { script: Uint8Array.of(0x6a, 3, 1, 2, 3), amount: 0n };
    const withData = (count: number) =>
      spend({
        coins: [coinOf(coins, 'p2wpkh')],
        outputs: [pay(900_000n), ...Array.from({ length: count }, () => data)],
      });
    expect(reasonOf(withData(1))).toBeNull();
    expect(reasonOf(withData(2))).toBe('multi-op-return');
  });

  it.each([0, 3])('version %i', (version) => {
    expect(reasonOf(payment(1_000n, 0, { version }))).toBe('version');
  });

  it('a locktime in the future, and takes it at the height after it', () => {
    const height = node.chain.tip.height;
    expect(reasonOf(payment(1_000n, 0, { locktime: height }))).toBeNull();
    const later = payment(1_000n, 0, { locktime: height + 1 });
    expect(reasonOf(later)).toBe('non-final');
    node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(later)).toBeNull();
  });

  it('a locktime in seconds until the median time of eleven blocks has passed it', () => {
    const later = payment(1_000n, 0, { locktime: clock.time + 600 });
    clock.time += 601;
    for (let i = 0; i < 5; i += 1) node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(later)).toBe('non-final');
    node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(later)).toBeNull();
  });

  it('a relative lock that has not run out (BIP-68)', () => {
    const locked = payment(1_000n, 0, { sequence: 3 });
    for (let i = 0; i < 2; i += 1) {
      expect(reasonOf(locked)).toBe('non-BIP68-final');
      node.mineNext(scriptOf('p2wpkh'));
    }
    expect(reasonOf(locked)).toBeNull();
    expect(reasonOf(payment(1_000n, 1, { sequence: 500, version: 1 }))).toBeNull();
  });

  it('a relative lock in time that has not run out', () => {
    const locked = payment(1_000n, 0, { sequence: 0x00400000 | 2 });
    expect(reasonOf(locked)).toBe('non-BIP68-final');
    clock.time += 2 * 512 + 60;
    for (let i = 0; i < 6; i += 1) node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(locked)).toBeNull();
  });

  it('what it has already, waiting or mined', () => {
    const tx = payment(1_000n);
    submit(node, tx);
    expect(reasonOf(tx)).toBe('txn-already-in-mempool');
    node.mineNext(scriptOf('p2wpkh'));
    expect(reasonOf(tx)).toBe('txn-already-known');
  });
});

describe('a replacement', () => {
  it('is taken with a higher fee and feerate, and evicts what spends the old one', () => {
    const old = payment(1_000n);
    submit(node, old);
    const child = spend({ coins: [outputOf(old)], outputs: [pay(998_000n)] });
    submit(node, child);
    const replacement = payment(2_110n);
    submit(node, replacement);
    expect(waiting()).toEqual([replacement.id]);
  });

  it('must pay for what it evicts and for its own relay', () => {
    const old = payment(1_000n);
    submit(node, old);
    submit(node, spend({ coins: [outputOf(old)], outputs: [pay(998_000n)] }));
    expect(reasonOf(payment(2_109n))).toBe('insufficient fee');
    expect(reasonOf(payment(2_110n))).toBeNull();
  });

  it('must have a higher feerate than each transaction it conflicts with', () => {
    submit(node, payment(50_000n));
    const heavy = spend({
      coins: coins,
      outputs: [pay(14_000_000n - 60_000n)],
    });
    expect(reasonOf(heavy)).toBe('insufficient fee');
  });

  it('may not spend what it evicts, nor a new unconfirmed coin', () => {
    const old = payment(1_000n);
    submit(node, old);
    const own = spend({
      coins: [coinOf(coins, 'p2wpkh'), outputOf(old)],
      outputs: [pay(1_900_000n)],
    });
    expect(reasonOf(own)).toBe('bad-txns-spends-conflicting-tx');
    const other = payment(1_000n, 1);
    submit(node, other);
    const adds = spend({ coins: [coinOf(coins, 'p2wpkh'), outputOf(other)], outputs: [pay(1_900_000n)] });
    expect(reasonOf(adds)).toBe('replacement-adds-unconfirmed');
  });

  it('needs no signal from the old transaction', () => {
    submit(node, payment(1_000n, 0, { sequence: 0xffffffff }));
    expect(reasonOf(payment(2_000n))).toBeNull();
  });
});

describe('when the chain moves', () => {
  it('mined transactions leave, and a block with a conflict removes the loser and its children', () => {
    const loser = payment(1_000n);
    submit(node, loser);
    submit(node, spend({ coins: [outputOf(loser)], outputs: [pay(990_000n)] }));
    const bystander = payment(1_000n, 1);
    submit(node, bystander);
    const winner = parseTransaction(rawOf(payment(5_000n)));
    node.submitBlock(node.buildBlock(scriptOf('p2wpkh'), [winner]));
    expect(waiting()).toEqual([bystander.id]);
    node.mineNext(scriptOf('p2wpkh'));
    expect(waiting()).toEqual([]);
  });

  it('transactions of a disconnected block wait again, in order', () => {
    const parent = payment(1_000n);
    submit(node, parent);
    const child = spend({ coins: [outputOf(parent)], outputs: [pay(990_000n)] });
    submit(node, child);
    const mined = node.mineNext(scriptOf('p2wpkh'));
    expect(waiting()).toEqual([]);
    node.invalidate(mined);
    expect(waiting()).toEqual([parent.id, child.id]);
    expect(node.mempool.get(child.id)?.parents).toEqual(new Set([parent.id]));
    node.mineNext(scriptOf('p2wpkh'));
    expect(waiting()).toEqual([]);
  });
});
