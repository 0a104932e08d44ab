/** STATE_ROLLBACK and CLONE. Spec: protocol-spec/14-memory.md, "Latch". */
import { refuseLatch } from '../memory/attest.ts';
import type { Rule } from './rule.ts';

// While a gate is known to have seen what this disk does not hold, nothing is signed.
export const latched: Rule = (_facts, { memory }) =>
  memory.latch === null ? [] : [refuseLatch(memory.latch)];
