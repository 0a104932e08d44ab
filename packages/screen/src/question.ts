/**
 * The question to a screen and its answer as JSON, read strictly on both sides: vault and screen use the same code.
 * Refuses what has another form. Spec: protocol-spec/12-screen.md, "Question and answer".
 */
import { decode, encode, fromHex, type SignedIntent, toHex, Verdict } from '@coldwire/protocol';

/** Intents per question: as many as a draft can carry. */
export const MAX_QUESTION = 1024;
/** Bytes of a question: every intent in hexadecimal with its names, and room to spare. */
export const MAX_QUESTION_BYTES = 1024 * 1024;

export interface Question {
  readonly intents: readonly SignedIntent[];
  readonly tipHeight: number;
}

export interface Held {
  /** Place in the question. */
  readonly index: number;
  readonly codes: readonly string[];
}

/** Every place of the question is either in `cleared` or in `held`. */
export interface Answer {
  readonly cleared: readonly number[];
  readonly held: readonly Held[];
  /** Over the cleared intents, in their order; null when there are none. */
  readonly verdict: Verdict | null;
}

type Fields = { readonly [key: string]: unknown };

/** The value's own fields if it is an object with exactly these keys. */
function fieldsOf(value: unknown, ...keys: readonly string[]): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields: Fields = { ...value };
  const exact = Object.keys(fields).length === keys.length && keys.every((key) => Object.hasOwn(fields, key));
  return exact ? fields : undefined;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/.test(value)) return undefined;
  return fromHex(value);
}

function heightOf(value: unknown): number | undefined {
  const valid = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
  return valid ? value : undefined;
}

/** `{intent, signature}` in lower-case hexadecimal. Whether the bytes are an intent is not looked at here. */
export function readSignedIntent(value: unknown): SignedIntent | undefined {
  const fields = fieldsOf(value, 'intent', 'signature');
  const intent = bytesOf(fields?.['intent']);
  const signature = bytesOf(fields?.['signature']);
  if (intent === undefined || signature?.length !== 64) return undefined;
  return intent.length >= 1 && intent.length <= 160 ? [intent, signature] : undefined;
}

export function readQuestion(value: unknown): Question | undefined {
  const fields = fieldsOf(value, 'intents', 'tipHeight');
  const list: unknown = fields?.['intents'];
  const tipHeight = heightOf(fields?.['tipHeight']);
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_QUESTION || tipHeight === undefined)
    return undefined;
  const intents = list.map(readSignedIntent).filter((intent) => intent !== undefined);
  return intents.length === list.length ? { intents, tipHeight } : undefined;
}

export function writeQuestion({ intents, tipHeight }: Question): string {
  const rows = intents.map(([intent, signature]) => ({ intent: toHex(intent), signature: toHex(signature) }));
  return JSON.stringify({ intents: rows, tipHeight });
}

export function writeAnswer({ cleared, held, verdict }: Answer): string {
  if (verdict === null) return JSON.stringify({ cleared, held, verdict });
  const { screen, covers, issued, signature } = verdict;
  return JSON.stringify({ cleared, held, verdict: { screen, covers, issued, signature: toHex(signature) } });
}

function placesOf(value: unknown, count: number): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const places = value.map(heightOf).filter((place) => place !== undefined && place < count);
  return places.length === value.length ? places.filter((place) => place !== undefined) : undefined;
}

function readHeld(value: unknown): Held | undefined {
  const fields = fieldsOf(value, 'index', 'codes');
  const index = heightOf(fields?.['index']);
  const codes: unknown = fields?.['codes'];
  if (index === undefined || !Array.isArray(codes) || codes.length === 0 || codes.length > 64)
    return undefined;
  const texts = codes.filter((code) => typeof code === 'string' && /^[A-Z][A-Z_]{0,31}$/.test(code));
  return texts.length === codes.length ? { index, codes: texts } : undefined;
}

function readVerdict(value: unknown): Verdict | undefined {
  const fields = fieldsOf(value, 'screen', 'covers', 'issued', 'signature');
  const screen = fields?.['screen'];
  const covers = placesOf(fields?.['covers'], MAX_QUESTION);
  const issued = heightOf(fields?.['issued']);
  const signature = bytesOf(fields?.['signature']);
  if (typeof screen !== 'string' || covers === undefined || issued === undefined) return undefined;
  const some = covers.length >= 1 && covers.length <= MAX_QUESTION;
  if (signature?.length !== 64 || !some || !/^[\x21-\x7e]{1,16}$/.test(screen)) return undefined;
  const decoded = decode(Verdict, encode(Verdict, { screen, covers, issued, signature }));
  return decoded.ok ? decoded.value : undefined;
}

/** @param count intents of the question: every one must be answered, once */
export function readAnswer(value: unknown, count: number): Answer | undefined {
  const fields = fieldsOf(value, 'cleared', 'held', 'verdict');
  const cleared = placesOf(fields?.['cleared'], count);
  const list: unknown = fields?.['held'];
  if (cleared === undefined || !Array.isArray(list)) return undefined;
  const held = list.map(readHeld).filter((row) => row !== undefined);
  const places = new Set([...cleared, ...held.map(({ index }) => index)]);
  const whole =
    held.length === list.length && places.size === count && cleared.length + held.length === count;
  if (!whole || [...places].some((place) => place >= count)) return undefined;
  if (fields?.['verdict'] === null)
    return cleared.length === 0 ? { cleared, held, verdict: null } : undefined;
  const verdict = readVerdict(fields?.['verdict']);
  return verdict === undefined || verdict.covers.join() !== cleared.join()
    ? undefined
    : { cleared, held, verdict };
}
