// The CDDL, read by another program, and the schemas of this package give the same answer on every vector.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';
import { Batch, decode, MessageBytes, readSequence, SignedIntent, toHex } from '../../src/index.ts';
import { readVectors, type Vector } from '../vector.ts';

const present = spawnSync(ORACLE_PYTHON, ['-c', 'import pycddl'], { stdio: 'ignore' }).status === 0;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';
if (!present && !required) {
  console.log('skipped: the CDDL by another program, which is not here (scripts/oracles/install-python.sh)');
}

/** The tool's `.cbor` looks at the wrong item; bytes inside bytes are judged by a rule of their own below. */
const CDDL = readFileSync(
  new URL('../../../../protocol-spec/coldwire.cddl', import.meta.url),
  'utf8',
).replaceAll(/bytes \.cbor [a-z-]+/g, 'bytes');

function judge(items: readonly (readonly [rule: string, bytes: Uint8Array])[]): readonly boolean[] {
  const question = { cddl: CDDL, items: items.map(([rule, bytes]) => [rule, toHex(bytes)]) };
  const program = join(import.meta.dirname, 'judge_cddl.py');
  const { status, stdout, stderr } = spawnSync(ORACLE_PYTHON, [program], {
    input: JSON.stringify(question),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(stderr);
  const answers: unknown = JSON.parse(stdout);
  if (!Array.isArray(answers)) throw new Error('no answers');
  return answers.map((answer) => answer === true);
}

const bodies = readVectors('message', 'body').map(
  (vector) => [`${vector.get('type')}-body`, vector] as const,
);
const others = [
  ...readVectors('charter', 'charter').map((vector) => ['charter', vector] as const),
  ...readVectors('charter', 'signed-charter').map((vector) => ['signed-charter', vector] as const),
  ...readVectors('intent', 'verdict').map((vector) => ['verdict', vector] as const),
];
const vectors = [...bodies, ...others];

/** CDDL says nothing of the characters of a text. */
const BEYOND_CDDL = /(unprintable|newline|reason-escape)$/;
/** The tool does not look at a byte behind, a key in an empty map, and how many arrays there are in an array. */
const UNSEEN =
  /trailing-byte$|^(status|done)-body-refuse-unknown-key$|(four-signed|one-signed|one-key|nine-facts|1025-inputs|nine-changes|nine-gates|pending-nine|65-signatures)$/;

describe.skipIf(!present && !required)('the CDDL, by another program', () => {
  const isForm = ([, vector]: readonly [string, Vector]) =>
    ['ok', 'SCREENING'].includes(vector.get('expect'));

  it('matches everything that the schemas accept', () => {
    const good = vectors.filter(isForm);
    expect(good.length).toBeGreaterThan(16);
    const answers = judge(good.map(([rule, { bytes }]) => [rule, bytes]));
    expect(good.filter((_, at) => answers[at] !== true).map(([, { name }]) => name)).toEqual([]);
  });

  it('matches nothing that they refuse for its form', () => {
    const bad = vectors.filter(
      ([, vector]) =>
        vector.get('expect') === 'MALFORMED' && !BEYOND_CDDL.test(vector.name) && !UNSEEN.test(vector.name),
    );
    expect(bad.length).toBeGreaterThan(130);
    const answers = judge(bad.map(([rule, { bytes }]) => [rule, bytes]));
    expect(bad.filter((_, at) => answers[at] !== false).map(([, { name }]) => name)).toEqual([]);
  });

  it('gives the forms of what travels as bytes inside bytes: headers, intents, records', () => {
    const items: [string, Uint8Array][] = [];
    for (const vector of readVectors('message', 'message').filter((one) => one.get('expect') === 'ok')) {
      const parts = decode(MessageBytes, vector.bytes, 1024 * 1024);
      if (!parts.ok) throw new Error(parts.fault.detail);
      items.push(['packed-message', vector.bytes], ['header', parts.value[0]]);
    }
    for (const vector of readVectors('intent', 'intent').filter((one) => one.get('expect') === 'ok')) {
      const signed = decode(SignedIntent, vector.bytes);
      if (!signed.ok) throw new Error(signed.fault.detail);
      items.push(['signed-intent', vector.bytes], ['intent', signed.value[0]]);
    }
    for (const vector of readVectors('evidence', 'log').filter((one) => one.get('expect') === 'ok')) {
      for (const step of readSequence(vector.bytes, 0, { maxBytes: 1024 * 1024 })) {
        if (step.kind !== 'item') continue;
        items.push(['batch', step.bytes]);
        const batch = decode(Batch, step.bytes, 1024 * 1024);
        if (batch.ok && batch.value[0][0]?.[1] === 'segment') items.push(['segment', batch.value[0][0][4]]);
      }
    }
    expect(items.length).toBeGreaterThan(35);
    const answers = judge(items);
    expect(items.filter((_, at) => answers[at] !== true).map(([rule]) => rule)).toEqual([]);
    const swapped = items.map(([rule, bytes]): [string, Uint8Array] => [
      rule === 'header' ? 'intent' : 'header',
      bytes,
    ]);
    expect(judge(swapped).includes(true)).toBe(false);
  });
});
