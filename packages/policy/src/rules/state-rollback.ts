/** STATE_ROLLBACK. Spec: protocol-spec/14-memory.md, "Latch". */
import { refuseLatch } from '../memory/attest.ts';
import type { Rule } from './rule.ts';

// While it is known that a gate has seen what this disk does not hold, nothing is signed.
export const stateRollback: Rule = (_facts, { memory: { latch } }) =>
  latch?.code === 'STATE_ROLLBACK' ? [refuseLatch(latch)] : [];
