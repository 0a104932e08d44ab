import { serializeWithWitness, type Witness } from '@coldwire/wallet';
import { expect, test } from 'vitest';
import { buildDraft, draftTransaction } from '../../src/draft/index.ts';
import { findFlaw } from '../../src/serve/final.ts';
import { makeCoin, makeIntent, scripts } from '../fixture.ts';
import { witnessesBy } from './finish.ts';

const [intent, signature] = makeIntent({ seed: 1 });
const draft = buildDraft({
  coins: [makeCoin(1), makeCoin(2)],
  payees: [{ intent, signature }],
  change: { wallet: 0, index: 0, amount: 1_000_000n, position: 0 },
  locktime: 100,
});
const transaction = draftTransaction(draft, scripts);

test('any two signers of three make it whole', () => {
  for (const pair of [
    [0, 1],
    [2, 1],
    [0, 2],
  ] as const) {
    expect(
      findFlaw(serializeWithWitness(transaction, witnessesBy(draft, pair)), draft, scripts),
    ).toBeUndefined();
  }
});

test('another output, another locktime and bytes that are no transaction are not the draft’s', () => {
  const witnesses = witnessesBy(draft, [0, 1]);
  const [first, ...rest] = transaction.outputs;
  if (first === undefined) throw new Error('no output');
  const outputs = [{ ...first, amount: first.amount - 1n }, ...rest];
  for (const other of [
    { ...transaction, outputs },
    { ...transaction, locktime: 99 },
  ]) {
    expect(findFlaw(serializeWithWitness(other, witnesses), draft, scripts)).toBe(
      'it is not the transaction of the draft',
    );
  }
  expect(findFlaw(Uint8Array.of(1, 2, 3), draft, scripts)).toMatch(/^it cannot be read/);
});

test('a signature over another amount, the same signature twice and a wrong order are found', () => {
  const wrong = witnessesBy(draft, [0, 1], 1n);
  expect(findFlaw(serializeWithWitness(transaction, wrong), draft, scripts)).toBe(
    'input 0 has not two valid signatures',
  );
  const change = (turn: (witness: Witness) => Witness): string | undefined =>
    findFlaw(serializeWithWitness(transaction, witnessesBy(draft, [0, 1]).map(turn)), draft, scripts);
  const empty = new Uint8Array();
  expect(change(([a = empty, b = empty, , d = empty]) => [a, b, b, d])).toMatch(/two valid/);
  expect(change(([a = empty, b = empty, c = empty, d = empty]) => [a, c, b, d])).toMatch(/two valid/);
  expect(change(([, b = empty, c = empty, d = empty]) => [Uint8Array.of(1), b, c, d])).toMatch(
    /another form/,
  );
  expect(change(([a = empty, b = empty, c = empty]) => [a, b, c, Uint8Array.of(0x51)])).toMatch(
    /foreign script/,
  );
});
