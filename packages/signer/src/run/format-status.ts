/** `coldwire-signer status` for people: how the signer is, then what it waits for and since when, then the rest. */
import type { Answer } from './console.ts';

/** Output escapes it. @param answer of the console, as describeSigner made it */
export function formatStatus(answer: Answer): string {
  const { signer, state, since, blockers, ...rest } = answer;
  const waits = Array.isArray(blockers) ? blockers.flatMap(formatBlocker) : [];
  return [
    `signer ${String(signer)}: ${String(state)} since ${String(since)}`,
    ...(waits.length === 0 ? ['  nothing keeps it from signing'] : waits),
    ...Object.entries(rest).map(([name, value]) => `${`${name}:`.padEnd(13)} ${JSON.stringify(value)}`),
  ].join('\n');
}

function formatBlocker(blocker: unknown): string[] {
  if (typeof blocker !== 'object' || blocker === null) return [];
  const { code, since, text }: Partial<Record<string, unknown>> = { ...blocker };
  const when = typeof since === 'string' ? `, since ${since}` : '';
  return [`  ${String(text)}${when}  [${String(code)}: see RUNBOOK.md]`];
}
