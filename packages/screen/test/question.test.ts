import { expect, test } from 'vitest';
import { MAX_QUESTION, readAnswer } from '../src/question.ts';

test('an answer whose verdict covers more than a question can ask is refused like any other wrong one', () => {
  const verdict = { screen: 'S1', issued: 7, signature: '00'.repeat(64) };
  const read = (covers: readonly number[]) =>
    readAnswer({ cleared: [0], held: [], verdict: { ...verdict, covers } }, 1);
  expect(read([0])).toMatchObject({ cleared: [0], verdict: { covers: [0] } });
  expect(read([])).toBe(undefined);
  expect(read(new Array(MAX_QUESTION + 1).fill(0))).toBe(undefined);
});
