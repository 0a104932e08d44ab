/**
 * The body of every message type: the first byte chooses the type, the rest is the body. What is taken is written back as the
 * same bytes.
 */
import {
  BODIES,
  concatBytes,
  decode,
  encode,
  equalBytes,
  MESSAGE_TYPES,
  type Schema,
} from '@coldwire/protocol';
import { readSeeds } from '../corpus.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { assertHolds, type Target } from '../target.ts';

/** In an order that new types lengthen at its end. */
const types = Object.entries(MESSAGE_TYPES)
  .sort(([, a], [, b]) => a.number - b.number)
  .map(([name]) => name);
const schemas = new Map<string, Schema<unknown>>(Object.entries(BODIES));

/** Leaves the first byte alone. */
const mutateBody: Mutator = (input, pool) =>
  concatBytes(input.subarray(0, 1), mutateCbor(input.subarray(1), pool));

export const target: Target = {
  seeds: readSeeds('message').flatMap(({ lines, bytes }) =>
    lines.get('part') === 'body'
      ? [concatBytes(Uint8Array.of(types.indexOf(lines.get('type') ?? '')), bytes)]
      : [],
  ),
  mutators: [mutateBody],
  maxLength: 16_384,
  run(input) {
    const schema = schemas.get(types[(input[0] ?? 0) % types.length] ?? '');
    assertHolds(schema !== undefined, 'every message type has a body');
    const body = input.subarray(1);
    const decoded = decode(schema, body, 512 * 1024);
    if (!decoded.ok) assertHolds(decoded.fault.detail.length < 400, 'a fault is told in few words');
    else
      assertHolds(
        equalBytes(encode(schema, decoded.value), body),
        'what is read is written as the same bytes',
      );
  },
};
