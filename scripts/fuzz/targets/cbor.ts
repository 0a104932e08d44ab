/**
 * The scanner, the codec and the reader of sequences. What the scanner takes, two other strict decoders take as well and
 * all three read the same out of it; our codec writes it back as the same bytes. A sequence is the items that it is cut into.
 */
import { decode, encode, equalBytes, readSequence, type Schema, scan } from '@coldwire/protocol';
import type { Plain } from '@coldwire/protocol/cbor/schema.ts';
import { dcborDecodeOptions, decode as decodeCbor2 } from 'cbor2';
import { sortCoreDeterministic } from 'cbor2/sorts';
import * as cborg from 'cborg';
import { seedsOf } from '../corpus.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import { assertHolds, type Target } from '../target.ts';

/** Takes any item, and gives back what the profile has for it. */
const anything: Schema<unknown> = { name: 'anything', read: toPlain, write: toPlain };

/** @throws Error on anything outside of the profile */
function toPlain(value: unknown): Plain {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  assertHolds(value instanceof Map, 'everything decoded is of the profile');
  const map = new Map<number, Plain>();
  for (const [key, item] of value) map.set(key, toPlain(item));
  return map;
}

/** One text for one value, whatever types a decoder chose. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `h'${Buffer.from(value).toString('hex')}'`;
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${show(key)}:${show(item)}`).join()}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

const CBORG = { strict: true, allowIndefinite: false, useMaps: true, rejectDuplicateMapKeys: true };
const CBOR2 = {
  ...dcborDecodeOptions,
  dcbor: false,
  rejectStringsNotNormalizedAs: null,
  convertUnsafeIntsToFloat: false,
  rejectFloats: true,
  sortKeys: sortCoreDeterministic,
  preferMap: true,
  ignoreGlobalTags: true,
};

function checkAccepted(input: Uint8Array): void {
  const own = decode(anything, input);
  assertHolds(own.ok, 'the codec reads what the scanner takes');
  assertHolds(equalBytes(encode(anything, own.value), input), 'what is read is written as the same bytes');
  const wanted = show(own.value);
  assertHolds(show(cborg.decode(input, CBORG)) === wanted, 'cborg reads the same');
  assertHolds(show(decodeCbor2(input, CBOR2)) === wanted, 'cbor2 reads the same');
}

function checkSequence(input: Uint8Array): void {
  let end = 0;
  for (const step of readSequence(input, 0, { maxBytes: 4096 })) {
    if (step.kind === 'item') {
      assertHolds(scan(step.bytes) === undefined, 'each item of a sequence stands by itself');
      assertHolds(step.next === end + step.bytes.length, 'items follow each other without a gap');
      end = step.next;
    }
    if (step.kind === 'truncated') assertHolds(step.at === end, 'a torn item begins where the last one ends');
    if (step.kind === 'end') assertHolds(end === input.length, 'the items are the whole sequence');
  }
}

export const target: Target = {
  seeds: [...seedsOf('cbor'), ...seedsOf('message', 'body'), ...seedsOf('evidence')],
  mutators: [mutateCbor],
  maxLength: 8192,
  run(input) {
    const fault = scan(input);
    assertHolds((fault?.at ?? 0) <= input.length, 'a fault lies within the input');
    if (fault === undefined) checkAccepted(input);
    checkSequence(input);
  },
};
