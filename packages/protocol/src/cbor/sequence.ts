// CBOR sequences (RFC 8742): items one after the other with nothing between, as in the evidence log.
// A sequence whose writer was cut off ends in a truncated item. That is told apart from a damaged one, because the
// first is cut away on the next start and the second stops the machine (protocol-spec/1-cbor.md, 1.6).

import type { Fault } from '../fault.ts';
import { type Limits, scanItem } from './scanner.ts';

/** `bytes` is a view of the item, `next` the offset behind it; `at` of a truncated tail is where its item begins. */
export type SequenceStep =
  | { readonly kind: 'item'; readonly bytes: Uint8Array; readonly next: number }
  | { readonly kind: 'truncated'; readonly at: number }
  | { readonly kind: 'end' }
  | Fault;

/** Reads the item at an offset. `limits` are those of one item. */
export function readSequenceItem(bytes: Uint8Array, at: number, limits: Limits = {}): SequenceStep {
  if (at >= bytes.length) return { kind: 'end' };
  const outcome = scanItem(bytes, at, limits);
  if (outcome.kind === 'item') {
    return { kind: 'item', bytes: bytes.subarray(at, outcome.end), next: outcome.end };
  }
  return outcome.kind === 'truncated' ? { kind: 'truncated', at } : outcome;
}

/** All steps from an offset on; the last one is `end`, `truncated` or a fault. */
export function* readSequence(
  bytes: Uint8Array,
  from = 0,
  limits: Limits = {},
): Generator<SequenceStep, void> {
  let step = readSequenceItem(bytes, from, limits);
  while (step.kind === 'item') {
    yield step;
    step = readSequenceItem(bytes, step.next, limits);
  }
  yield step;
}
