/**
 * Asks the charter's screens for a verdict. The first one that answers decides: another is asked only when one cannot be
 * reached or answers nonsense, never because it held something. Without an answer nothing is cleared.
 * Spec: protocol-spec/12-screen.md, "Question and answer".
 */
import { hashIntent, hashVerdict, verifyEd25519 } from '@coldwire/protocol';
import { type Answer, type Question, readAnswer, writeQuestion } from '@coldwire/screen';

export interface ScreenEndpoint {
  /** As in the charter. */
  readonly name: string;
  readonly key: Uint8Array;
  /** Without path: `http://127.0.0.1:9100`. */
  readonly url: string;
}

export type ScreenResult =
  | { readonly kind: 'answered'; readonly screen: string; readonly answer: Answer }
  /** No screen could be used; what was wrong with each, in the order asked. */
  | {
      readonly kind: 'unavailable';
      readonly problems: readonly { readonly screen: string; readonly what: string }[];
    };

export interface AskOptions {
  /** Hash of the first charter. */
  readonly first: Uint8Array;
  /** ms that one screen may take */
  readonly timeout: number;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

export async function askScreens(
  screens: readonly ScreenEndpoint[],
  question: Question,
  options: AskOptions,
): Promise<ScreenResult> {
  const problems: { screen: string; what: string }[] = [];
  for (const screen of screens) {
    const result = await askOne(screen, question, options);
    if (typeof result !== 'string') return { kind: 'answered', screen: screen.name, answer: result };
    problems.push({ screen: screen.name, what: result });
  }
  return { kind: 'unavailable', problems };
}

/** The answer, or what was wrong with it. */
async function askOne(
  screen: ScreenEndpoint,
  question: Question,
  { first, timeout }: AskOptions,
): Promise<Answer | string> {
  let body: unknown;
  try {
    const response = await fetch(new URL('/v1/verdict', screen.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: writeQuestion(question),
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    });
    const text = await readText(response);
    if (response.status !== 200) return `it answered with status ${response.status}`;
    body = JSON.parse(text);
  } catch (error) {
    return describeFetchError(error);
  }
  const answer = readAnswer(body, question.intents.length);
  return answer === undefined ? 'its answer has another form' : checkVerdict(screen, question, answer, first);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`its answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/** What fetch hides behind "fetch failed", in one line. */
export function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  const { cause } = error;
  if (cause instanceof Error)
    return `it cannot be reached (${'code' in cause ? String(cause.code) : cause.message})`;
  return error instanceof SyntaxError ? 'its answer is not JSON' : error.message;
}

/** A verdict that signers would refuse is worth nothing, so it is found out here and the next screen is asked. */
function checkVerdict(
  screen: ScreenEndpoint,
  question: Question,
  answer: Answer,
  first: Uint8Array,
): Answer | string {
  const { verdict, cleared } = answer;
  if (verdict === null) return answer;
  if (verdict.screen !== screen.name) return `its verdict is in the name of ${verdict.screen}`;
  if (verdict.issued !== question.tipHeight) return 'its verdict is for another height';
  const hashes = cleared.map((index) => hashIntent(first, question.intents[index]?.[0] ?? new Uint8Array()));
  const valid = verifyEd25519(screen.key, hashVerdict(first, verdict.issued, hashes), verdict.signature);
  return valid ? answer : 'the signature of its verdict does not verify';
}
