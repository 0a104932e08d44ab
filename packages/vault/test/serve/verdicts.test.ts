import { toHex } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { buildDraft } from '../../src/draft/index.ts';
import type { Refusal } from '../../src/serve/peer.ts';
import { endedBy, endedByBoth, isPassing } from '../../src/serve/verdicts.ts';
import { idOf, makeCoin, makeIntent } from '../fixture.ts';

const draftOf = (count: number, position: number) =>
  buildDraft({
    coins: [makeCoin(1)],
    payees: Array.from({ length: count }, (_, seed) => {
      const [intent, signature] = makeIntent({ seed });
      return { intent, signature };
    }),
    change: { wallet: 0, index: 0, amount: 1000n, position },
    locktime: 100,
  });
const refusal = (code: string, facts: Record<string, string>): Refusal => ({
  code,
  facts: new Map(Object.entries(facts)),
});
const id = (seed: number): string => toHex(idOf(seed));

test('a refusal that names an intent ends that one only', () => {
  const ended = endedBy(draftOf(3, 0), [refusal('INTENT_LIFE', { intent: id(1) })]);
  expect([...ended]).toEqual([[id(1), ['INTENT_LIFE']]]);
});

test('a refused output ends the intent that pays it, wherever the change stands', () => {
  const ended = endedBy(draftOf(3, 1), [refusal('DUST', { output: '2' }), refusal('DUST', { output: '1' })]);
  expect([...ended.keys()]).toEqual([id(1)]);
});

test('what passes with time ends nothing, unless the window could never hold the amount', () => {
  const full = refusal('AMOUNT_WINDOW', { spent: '900', amount: '200', limit: '1000' });
  const never = refusal('AMOUNT_WINDOW', { spent: '0', amount: '2000', limit: '1000' });
  expect(endedBy(draftOf(1, 0), [full, refusal('CLOCK_STALE', {}), refusal('FROZEN', {})]).size).toBe(0);
  expect([...endedBy(draftOf(1, 0), [never]).keys()]).toEqual([id(0)]);
  expect(endedBy(draftOf(2, 0), [never]).size).toBe(0);
});

test('an amount over a gate’s part of a window ends nothing: the part changes with the number of gates', () => {
  const never = refusal('AMOUNT_WINDOW', { spent: '0', amount: '2000', limit: '1000' });
  expect(endedBy(draftOf(1, 0), [never], 'gate').size).toBe(0);
  const dust = refusal('DUST', { output: '1' });
  expect([...endedBy(draftOf(1, 0), [dust], 'gate').keys()]).toEqual([id(0)]);
});

test('a coin whose deposit a reorganization took away passes with the next block that has it', () => {
  expect(isPassing(refusal('UNPROVEN_PARENT', { txid: '00' }))).toBe(true);
});

test('one signer alone ends nothing', () => {
  const one = new Map([[id(0), ['DUST']]]);
  const other = new Map([[id(1), ['DUST']]]);
  expect(endedByBoth(one, other).size).toBe(0);
  expect([...endedByBoth(one, new Map([[id(0), ['DUST', 'OUTPUT_TYPE']]]))]).toEqual([
    [id(0), ['DUST', 'OUTPUT_TYPE']],
  ]);
});

test('an intent that is not in the draft is not ended by a refusal that names it', () => {
  expect(endedBy(draftOf(2, 0), [refusal('DUST', { intent: id(9) })]).size).toBe(0);
  expect(endedBy(draftOf(2, 0), [refusal('DUST', { output: '99' })]).size).toBe(0);
});
