import { describe, expect, it } from 'vitest';
import {
  decode,
  decodeIntent,
  fromHex,
  hashIntent,
  hashVerdict,
  SignedIntent,
  toHex,
  Verdict,
  verifyEd25519,
} from '../../src/index.ts';
import { readVectors, type Vector } from '../vector.ts';

const intents = readVectors('intent', 'intent');
const verdicts = readVectors('intent', 'verdict');

function judgeIntent(vector: Vector): string {
  const signed = decode(SignedIntent, vector.bytes);
  if (!signed.ok) return signed.fault.code;
  const [bytes, signature] = signed.value;
  const intent = decodeIntent(bytes);
  if (!intent.ok) return intent.fault.code;
  const hash = hashIntent(fromHex(vector.get('charter')), bytes);
  return verifyEd25519(fromHex(vector.get('key')), hash, signature) ? 'ok' : 'INTENT_SIGNATURE';
}

function judgeVerdict(vector: Vector): string {
  const verdict = decode(Verdict, vector.bytes);
  if (!verdict.ok) return verdict.fault.code;
  const { issued, signature } = verdict.value;
  const hash = hashVerdict(fromHex(vector.get('charter')), issued, vector.words('intents').map(fromHex));
  return verifyEd25519(fromHex(vector.get('key')), hash, signature) ? 'ok' : 'SCREENING';
}

describe('the vectors of intents and verdicts', () => {
  it('are all there', () => {
    expect([intents.length, verdicts.length]).toEqual([18, 6]);
  });

  it.each(intents.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(judgeIntent(vector)).toBe(vector.get('expect'));
    if (vector.get('expect') !== 'ok') return;
    const signed = decode(SignedIntent, vector.bytes);
    const bytes = signed.ok ? signed.value[0] : new Uint8Array(0);
    expect(toHex(hashIntent(fromHex(vector.get('charter')), bytes))).toBe(vector.get('hash'));
  });

  it.each(verdicts.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(judgeVerdict(vector)).toBe(vector.get('expect'));
  });
});

describe('a verdict', () => {
  it('binds the charter, the height and every intent in its place', () => {
    const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const charter = new Uint8Array(32);
    const hashes = [
      hashVerdict(charter, 1, [one, two]),
      hashVerdict(charter, 1, [two, one]),
      hashVerdict(charter, 1, [one]),
      hashVerdict(charter, 1, []),
      hashVerdict(charter, 0x0100_0000, [one, two]),
      hashVerdict(one, 1, [one, two]),
    ];
    expect(new Set(hashes.map(toHex)).size).toBe(hashes.length);
  });
});
