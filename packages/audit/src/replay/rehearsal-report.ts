/** A rehearsal for people, and as JSON. Texts of strangers are escaped by whoever prints. */
import type { JsonValue } from '@coldwire/program';
import type { Rehearsal, Verdict } from './rehearse.ts';

const SHOWN = 50;

const wordsOf = ({ approved, why }: Verdict, type: string): string => {
  if (!approved) return `refused: ${why.join('; ')}`;
  return type === 'SIGN' ? 'signed' : 'done';
};

export function rehearsalText({ requests, approvedBefore, approvedAfter, changed }: Rehearsal): string {
  const head = `${requests} requests: ${approvedBefore} approved then, ${approvedAfter} under the proposed charter; ${changed.length} verdicts differ.`;
  const rows = changed.slice(0, SHOWN).map(({ signer, type, request, time, before, after }) => {
    const when = new Date(time * 1000).toISOString();
    const which = request === '' ? `${type} at the console` : `${type} ${request.slice(0, 8)}…`;
    return `${when} ${signer} ${which}  then ${wordsOf(before, type)}; now ${wordsOf(after, type)}`;
  });
  const more = changed.length > SHOWN ? [`… and ${changed.length - SHOWN} more (--json has all)`] : [];
  return [head, ...rows, ...more].join('\n');
}

export function rehearsalJson({ requests, approvedBefore, approvedAfter, changed }: Rehearsal): JsonValue {
  return {
    requests,
    approvedBefore,
    approvedAfter,
    changed: changed.map(({ before, after, ...row }) => ({
      ...row,
      before: { ...before },
      after: { ...after },
    })),
  };
}
