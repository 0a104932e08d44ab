/**
 * TX_FIELDS. Version and sequences cannot be said differently on the line; locktime and having an output can.
 * Spec: protocol-spec/10-policy.md, "Rules".
 */
import { type Refusal, refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

/** From here on a locktime is a time in seconds. Source: Bitcoin Core, LOCKTIME_THRESHOLD. */
const LOCKTIME_THRESHOLD = 500_000_000;

// The locktime is a height that the chain has reached, and there is an output.
export const txFields: Rule = ({ request, outputs, height }) => {
  const { locktime } = request.draft;
  const refusals: Refusal[] = [];
  if (locktime > height || locktime >= LOCKTIME_THRESHOLD) {
    refusals.push(refuse('TX_FIELDS', { field: 'locktime', value: locktime }));
  }
  if (outputs.length === 0) refusals.push(refuse('TX_FIELDS', { field: 'outputs', value: 0 }));
  return refusals;
};
