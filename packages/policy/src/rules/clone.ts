/** CLONE. Spec: protocol-spec/14-memory.md, "Latch". */
import { refuseLatch } from '../memory/attest.ts';
import type { Rule } from './rule.ts';

// While it is known that another machine has signed with this identity, nothing is signed.
export const clone: Rule = (_facts, { memory: { latch } }) =>
  latch?.code === 'CLONE' ? [refuseLatch(latch)] : [];
