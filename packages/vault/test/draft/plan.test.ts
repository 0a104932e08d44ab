import { type Draft, decode, decodeIntent, SignRequest } from '@coldwire/protocol';
import { dustLimit, serializeStripped, txidOf, worstCaseVsize } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coinsOf,
  draftTransaction,
  explainDraft,
  formatBtc,
  type Plan,
  type PlanResult,
  planBump,
  planCancel,
  planPayment,
  planRegroup,
  prepareDraft,
} from '../../src/draft/index.ts';
import { makeCoin, makeIntent, policy, scripts } from '../fixture.ts';

const base = {
  policy,
  scripts,
  coins: [makeCoin(1, 400_000n), makeCoin(2, 90_000n), makeCoin(3, 700_000n)],
  changeIndex: 4,
  feerate: 12_000n,
  longTermFeerate: 10_000n,
  tipHeight: 321,
  seed: Uint8Array.of(1, 2, 3),
};

const payees = [1, 2, 3].map((seed) => {
  const [intent, signature] = makeIntent({ seed, amount: 40_000n + BigInt(seed) });
  return { intent, signature };
});

function planned(result: PlanResult): Plan {
  if (result.kind !== 'planned') throw new Error(`no plan: ${result.kind}`);
  return result;
}

function sizeOf(draft: Draft): number {
  const { inputs, outputs } = draftTransaction(draft, scripts);
  return worstCaseVsize({ inputs: inputs.length, outputs: outputs.map(({ script }) => script) });
}

describe('a payment', () => {
  it('becomes a transaction of every intent in order, with our change among them, replaceable and not for old blocks', () => {
    const { draft } = planned(planPayment(base, payees));
    const { fee, vsize, txid, request } = prepareDraft(draft, [], scripts);
    const transaction = draftTransaction(draft, scripts);
    const [change] = draft.change;
    if (change === undefined) throw new Error('expected change');
    const [wallet, index, amount, position] = change;
    expect([wallet, index]).toEqual([0, 4]);
    expect(transaction.outputs[position]).toEqual({ amount, script: scripts[0]?.at(1, 4).scriptPubKey });
    const others = transaction.outputs.filter((_, place) => place !== position);
    const wanted = payees.map(({ intent }) => {
      const decoded = decodeIntent(intent);
      if (!decoded.ok) throw new Error('not an intent');
      return { amount: decoded.value.amount, script: decoded.value.script };
    });
    expect(others).toEqual(wanted);
    expect(transaction.inputs.every(({ sequence }) => sequence === 0xfffffffd)).toBe(true);
    expect(transaction.locktime).toBe(321);
    expect(txid).toEqual(txidOf(transaction));
    expect(serializeStripped(transaction).length).toBeLessThan(vsize);
    expect(fee * 1000n).toBeGreaterThanOrEqual(12_000n * BigInt(vsize));
    const decoded = decode(SignRequest, request);
    expect(decoded.ok && decoded.value).toEqual({ draft, verdicts: [] });
  });

  it('puts the change at a place that the seed decides, every place in turn', () => {
    const places = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const { draft } = planned(planPayment({ ...base, seed: Uint8Array.of(seed) }, payees));
      places.add(draft.change[0]?.[3] ?? -1);
    }
    expect([...places].sort()).toEqual([0, 1, 2, 3]);
  });

  it('says what is missing, or which cap is in the way', () => {
    expect(planPayment({ ...base, coins: [makeCoin(1, 50_000n)] }, payees)).toMatchObject({
      kind: 'insufficient',
    });
    const tight = { ...base, policy: { ...policy, feeAbsolute: 10n } };
    expect(planPayment(tight, payees)).toEqual({ kind: 'capped', codes: ['FEE_ABSOLUTE'] });
    expect(() => planPayment(base, [])).toThrow('without payees');
  });
});

describe('a replacement', () => {
  const sent = planned(planPayment(base, payees));
  const before = prepareDraft(sent.draft, [], scripts);

  it('that bumps pays the same intents from the same coins, more by its own relay at least', () => {
    const { draft } = planned(planBump({ ...base, coins: [makeCoin(9)] }, before));
    const after = prepareDraft(draft, [], scripts);
    expect(draft.intents).toEqual(before.draft.intents);
    expect(coinsOf(draft)).toEqual(coinsOf(before.draft));
    expect(draft.change[0]?.[1]).toBe(4);
    expect(after.fee).toBeGreaterThanOrEqual(before.fee + BigInt(after.vsize));
    expect(after.txid).not.toEqual(before.txid);
  });

  it('that bumps takes further coins when the old ones cannot carry the fee', () => {
    const lean = planned(planPayment({ ...base, coins: [makeCoin(1, 126_000n)] }, payees));
    const poor = prepareDraft(lean.draft, [], scripts);
    const { draft } = planned(planBump({ ...base, feerate: 60_000n, coins: [makeCoin(8, 300_000n)] }, poor));
    expect(coinsOf(draft)).toEqual([makeCoin(1, 126_000n), makeCoin(8, 300_000n)]);
  });

  it('that cancels pays nobody and spends a coin of what it cancels', () => {
    const { draft } = planned(planCancel({ ...base, coins: [] }, before));
    const after = prepareDraft(draft, [], scripts);
    expect(draft.intents).toEqual([]);
    expect(draft.change).toHaveLength(1);
    expect(coinsOf(before.draft)).toContainEqual(coinsOf(draft)[0]);
    expect(after.fee).toBeGreaterThanOrEqual(before.fee + BigInt(after.vsize));
  });

  it('that regroups spends what it must, and is refused where the policy caps it', () => {
    const required = [makeCoin(50, 20_000n)];
    const { draft } = planned(planRegroup(base, payees, required));
    expect(coinsOf(draft)).toContainEqual(required[0]);
    expect(planBump({ ...base, policy: { ...policy, feeRate: 12_500 } }, before)).toMatchObject({
      kind: 'capped',
    });
  });
});

describe('any plan', () => {
  it('balances, pays its feerate and makes no dust, through bump and cancel', () => {
    const cases = fc.record({
      amounts: fc.array(fc.bigInt({ min: 20_000n, max: 3_000_000n }), { minLength: 1, maxLength: 12 }),
      paid: fc.array(fc.bigInt({ min: 1000n, max: 400_000n }), { minLength: 1, maxLength: 6 }),
      feerate: fc.bigInt({ min: 1000n, max: 100_000n }),
      rise: fc.bigInt({ min: 0n, max: 100_000n }),
      seed: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    });
    let replaced = 0;
    fc.assert(
      fc.property(cases, ({ amounts, paid, feerate, rise, seed }) => {
        const coins = amounts.map((amount, i) => makeCoin(i, amount));
        const wanted = paid.map((amount, i) => {
          const [intent, signature] = makeIntent({ seed: i, amount });
          return { intent, signature };
        });
        const first = planPayment({ ...base, coins, feerate, seed }, wanted);
        if (first.kind !== 'planned') return;
        const before = prepareDraft(first.draft, [], scripts);
        const used = new Set(first.draft.inputs.map(([, , , , , index]) => index));
        const context = {
          ...base,
          coins: coins.filter(({ index }) => !used.has(index)),
          seed,
          feerate: feerate + rise,
        };
        for (const next of [first, planBump(context, before), planCancel(context, before)]) {
          if (next.kind !== 'planned') continue;
          const { fee, vsize } = prepareDraft(next.draft, [], scripts);
          expect(fee).toBe(next.selection.fee);
          expect(vsize).toBe(sizeOf(next.draft));
          expect(fee * 1000n).toBeGreaterThanOrEqual(feerate * BigInt(vsize));
          expect(fee).toBeLessThanOrEqual(policy.feeAbsolute);
          for (const { amount, script } of draftTransaction(next.draft, scripts).outputs) {
            expect(amount).toBeGreaterThanOrEqual(dustLimit(script));
          }
          if (next === first) continue;
          replaced += 1;
          expect(fee).toBeGreaterThanOrEqual(before.fee + BigInt(vsize));
          expect(fee * BigInt(before.vsize)).toBeGreaterThan(before.fee * BigInt(vsize));
        }
      }),
      { numRuns: 300 },
    );
    expect(replaced).toBeGreaterThan(50);
  });
});

describe('a draft in words', () => {
  it('names every coin, destination, change and the fee', () => {
    const { draft } = planned(planPayment(base, payees));
    const { fee } = prepareDraft(draft, [], scripts);
    const text = explainDraft(draft, scripts);
    expect(text.split('\n').filter((line) => line.startsWith('  pays'))).toHaveLength(3);
    expect(text).toContain('bcrt1q');
    expect(text).toContain('(wallet 0, 1/4)');
    expect(text).toContain(`fee    ${formatBtc(fee)}`);
    expect(formatBtc(123_456_789n)).toBe('1.23456789 BTC');
    expect(formatBtc(5n)).toBe('0.00000005 BTC');
  });

  it('is not made of what cannot be a transaction', () => {
    const { draft } = planned(planPayment(base, payees));
    const [change] = draft.change;
    if (change === undefined) throw new Error('expected change');
    const [wallet, index, amount, position] = change;
    const altered = (row: readonly [number, number, bigint, number]) => ({ ...draft, change: [row] });
    expect(() => prepareDraft(altered([wallet, index, amount + 10_000_000n, position]), [], scripts)).toThrow(
      'more than',
    );
    expect(() => prepareDraft(altered([wallet, index, amount, 9]), [], scripts)).toThrow(
      'change at output 9',
    );
    expect(() => prepareDraft(altered([3, index, amount, position]), [], scripts)).toThrow('no wallet 3');
  });
});
