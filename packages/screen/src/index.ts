/** What other packages use of the screen: its question and answer, and the loopback JSON server. */
export {
  type Answer,
  type Held,
  MAX_QUESTION,
  type Question,
  readAnswer,
  readQuestion,
  readSignedIntent,
  writeAnswer,
  writeQuestion,
} from './question.ts';
