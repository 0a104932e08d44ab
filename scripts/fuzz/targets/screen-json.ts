/**
 * Questions to a screen and its answers. What is read is written as a text that reads the same; an answer has a place for every
 * intent of the question, once; a screen's answer, whatever it is, ends in a refusal at most.
 */
import { readAnswer, readQuestion, writeAnswer, writeQuestion } from '@coldwire/screen/question.ts';
import { mutateJson } from '../mutate/json.ts';
import { assertHolds, type Target } from '../target.ts';

const signed = { intent: 'a1'.repeat(80), signature: '5e'.repeat(64) };
const verdict = { screen: 'S1', covers: [0, 2], issued: 7, signature: '00'.repeat(64) };
const TEXTS = [
  { intents: [signed], tipHeight: 900_000 },
  { intents: [signed, signed, signed], tipHeight: 0 },
  { cleared: [0, 2], held: [{ index: 1, codes: ['SCREEN_BURST'] }], verdict },
  { cleared: [], held: [0, 1, 2].map((index) => ({ index, codes: ['SCREEN_DENY'] })), verdict: null },
];
const COUNT = 3;

export const target: Target = {
  seeds: TEXTS.map((text) => new Uint8Array(Buffer.from(JSON.stringify(text)))),
  mutators: [mutateJson],
  maxLength: 65_536,
  run(input) {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(input).toString());
    } catch {
      return;
    }
    const question = readQuestion(value);
    if (question !== undefined) {
      const again = readQuestion(JSON.parse(writeQuestion(question)));
      assertHolds(again !== undefined && writeQuestion(again) === writeQuestion(question), 'one question');
    }
    const answer = readAnswer(value, COUNT);
    if (answer === undefined) return;
    const places = [...answer.cleared, ...answer.held.map(({ index }) => index)].sort();
    assertHolds(places.join() === '0,1,2', 'every intent has one place');
    const again = readAnswer(JSON.parse(writeAnswer(answer)), COUNT);
    assertHolds(again !== undefined && writeAnswer(again) === writeAnswer(answer), 'one answer');
  },
};
