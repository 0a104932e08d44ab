// Two other CBOR decoders, each as strict as its options allow, judge the same bytes as the scanner. Wherever they
// differ, the difference is listed here with its reason; one that is not listed fails, and so does one that is listed
// and never met. In every listed difference the scanner is the stricter side.

import { dcborDecodeOptions, decode as decodeCbor2 } from 'cbor2';
import { sortCoreDeterministic } from 'cbor2/sorts';
import * as cborg from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { decode, type Schema, scan } from '../../src/cbor/index.ts';
import { mutants, normalize, values, writeReference } from './generate.ts';
import { readVectors } from './read-vectors.ts';

const ORACLES = {
  cborg: (bytes: Uint8Array): unknown =>
    cborg.decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      useMaps: true,
      rejectDuplicateMapKeys: true,
    }),
  cbor2: (bytes: Uint8Array): unknown =>
    decodeCbor2(bytes, {
      ...dcborDecodeOptions,
      dcbor: false, // would put back the two that follow: dCBOR has NFC text and integers beyond 2^53 as floats
      rejectStringsNotNormalizedAs: null,
      convertUnsafeIntsToFloat: false,
      rejectFloats: true,
      sortKeys: sortCoreDeterministic,
      preferMap: true,
      ignoreGlobalTags: true,
    }),
};
type Oracle = keyof typeof ORACLES;

const FOREIGN = 'where this protocol has none';
/** What an oracle accepts and the scanner refuses: the scanner's reason, by oracle, and why the oracle differs. */
const DIFFERENCES: {
  readonly [detail: string]: { readonly accepted: readonly Oracle[]; readonly why: string };
} = {
  [`a float ${FOREIGN}`]: {
    accepted: ['cborg'],
    why: 'cborg has no option to refuse floats other than NaN and infinities',
  },
  [`a negative integer ${FOREIGN}`]: {
    accepted: ['cborg', 'cbor2'],
    why: 'negative integers are CBOR; this profile has none',
  },
  [`a tag ${FOREIGN}`]: {
    accepted: ['cbor2'],
    why: 'cbor2 hands out unknown tags as objects; cborg refuses them',
  },
  'a map key that is not an unsigned integer': {
    accepted: ['cborg', 'cbor2'],
    why: 'any key is CBOR; this profile has integers',
  },
  'a map key that is not above the one before it': {
    accepted: ['cborg'],
    why: 'cborg refuses duplicates but not disorder',
  },
  'a text that is not valid UTF-8': { accepted: ['cborg'], why: 'cborg puts U+FFFD for what it cannot read' },
  'a text that begins with a byte order mark': {
    accepted: ['cborg', 'cbor2'],
    why: 'cborg drops the mark, so two encodings give one text; cbor2 keeps it',
  },
  'nested deeper than 8 levels': {
    accepted: ['cborg', 'cbor2'],
    why: 'cborg has no limit, and cbor2 counts other levels than containers',
  },
  '# bytes, at most # are accepted': { accepted: ['cborg', 'cbor2'], why: 'neither has a limit of size' },
  'a length that needs more than # bytes in all': {
    accepted: [],
    why: 'both find the input too short instead',
  },
};

const anything: Schema<unknown> = { name: 'Anything', read: (plain) => plain, write: () => null };
const met = new Set<string>();

function ask(oracle: Oracle, bytes: Uint8Array): { readonly decoded: unknown } | undefined {
  try {
    return { decoded: ORACLES[oracle](bytes) };
  } catch {
    return undefined;
  }
}

function compare(oracle: Oracle, bytes: Uint8Array): void {
  const fault = scan(bytes);
  const answer = ask(oracle, bytes);
  if (fault === undefined) {
    const own = decode(anything, bytes);
    expect(answer, `${oracle} refuses what the scanner accepts`).toBeDefined();
    expect(normalize(answer?.decoded)).toEqual(own.ok && normalize(own.value));
    return;
  }
  if (answer === undefined) return;
  const reason = fault.detail.replaceAll(/\d{3,}/g, '#');
  expect(
    DIFFERENCES[reason]?.accepted ?? [],
    `${oracle} accepts what the scanner refuses: ${reason}`,
  ).toContain(oracle);
  met.add(`${oracle}: ${reason}`);
}

describe.each<Oracle>(['cborg', 'cbor2'])('the scanner and %s', (oracle) => {
  test.each(readVectors())('differ on $name as listed, or not at all', ({ bytes }) => compare(oracle, bytes));

  test('accept the same valid values and read the same out of them', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = Uint8Array.from(writeReference(value));
        expect(scan(bytes)).toBeUndefined();
        compare(oracle, bytes);
      }),
      { numRuns: inForm(200, 4_000) },
    );
  });

  test('differ on damaged bytes as listed, or not at all', () => {
    fc.assert(
      fc.property(fc.oneof(mutants, fc.uint8Array({ maxLength: 40 })), (bytes) => compare(oracle, bytes)),
      { numRuns: inForm(600, 20_000) },
    );
  });
});

test('every listed difference is met by a vector', () => {
  const listed = Object.entries(DIFFERENCES).flatMap(([detail, { accepted }]) =>
    accepted.map((oracle) => `${oracle}: ${detail}`),
  );
  expect([...met].sort()).toEqual(listed.sort());
});
