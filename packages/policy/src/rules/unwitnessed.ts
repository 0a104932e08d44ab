/** UNWITNESSED. Spec: protocol-spec/14-memory.md, "Witness". */
import { formatTicks } from '../clock/ticks.ts';
import { longestWindow, missingGates, strictHeight } from '../memory/memory.ts';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// Until every gate has attested since this start, windows count as spent: for the longest of them nothing is signed.
export const unwitnessed: Rule = ({ millitick }, { memory, charter }) => {
  const missing = missingGates(memory, charter);
  if (missing.length === 0 || strictHeight(memory, charter, millitick) !== undefined) return [];
  const until = memory.since + longestWindow(charter);
  return [refuse('UNWITNESSED', { missing: missing.join(' '), until: formatTicks(until) })];
};
