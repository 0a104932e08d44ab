/** `coldwire-signer status` for people: how the signer is, then what it waits for and since when, then the rest. */
import { formatBlockers } from '@coldwire/program';
import type { Answer } from './console.ts';

/** Output escapes it. @param answer of the console, as describeSigner made it */
export function formatStatus(answer: Answer): string {
  const { signer, state, since, blockers, ...rest } = answer;
  return [
    `signer ${String(signer)}: ${String(state)} since ${String(since)}`,
    ...formatBlockers(blockers, 'nothing keeps it from signing'),
    ...Object.entries(rest).map(([name, value]) => `${`${name}:`.padEnd(13)} ${JSON.stringify(value)}`),
  ].join('\n');
}
