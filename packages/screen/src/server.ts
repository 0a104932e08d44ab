/**
 * The screen's two routes. Whatever goes wrong, nothing is cleared: the decisions are on disk before a verdict is signed,
 * and an error on the way answers INTERNAL. Spec: protocol-spec/12-screen.md, "Question and answer".
 */
import type { Ed25519Signer } from '@coldwire/protocol';
import { answerWith, decideAll, type Judge } from './decide.ts';
import type { HistoryFile } from './io/history.ts';
import { errorReply, type JsonReply, type JsonRequest } from './io/json-server.ts';
import { readQuestion, writeAnswer } from './question.ts';

export interface Screen {
  readonly judge: Judge & { readonly history: HistoryFile };
  readonly signer: Ed25519Signer;
}

function verdict({ judge, signer }: Screen, body: unknown): JsonReply {
  const question = readQuestion(body);
  if (question === undefined) {
    const form = '{"intents": [{"intent": hex, "signature": hex}], "tipHeight": number}';
    return errorReply(400, 'MALFORMED', `the question must be ${form}`);
  }
  const decided = judge.history.transaction(() => decideAll(judge, question));
  return { status: 200, json: writeAnswer(answerWith(judge, decided, question.tipHeight, signer)) };
}

function health({ judge }: Screen): JsonReply {
  // Both may throw, and then the screen is not healthy.
  const held = judge.history.listHeld().length;
  judge.isDenied('', new Uint8Array());
  return { status: 200, json: JSON.stringify({ status: 'ok', screen: judge.roster.screen, held }) };
}

export function handleRequest(screen: Screen, { method, path, body }: JsonRequest): JsonReply {
  switch (`${method} /${path.join('/')}`) {
    case 'POST /v1/verdict':
      return verdict(screen, body);
    case 'GET /v1/health':
      return health(screen);
    default:
      return errorReply(404, 'NOT_FOUND', 'there are POST /v1/verdict and GET /v1/health');
  }
}
