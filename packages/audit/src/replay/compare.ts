/** What a machine did against what its rules say: changes and messages, byte for byte, in words when they differ. */
import { BODY_MAX, decode, encode, equalBytes, type MessageType, Refused } from '@coldwire/protocol';
import type { LoggedMessage } from '../log/message.ts';
import type { Decided, Saying } from './core.ts';

/** @returns how the journalled changes differ from the decided ones; undefined if they do not */
export function compareChanges(
  decided: readonly Uint8Array[],
  logged: readonly Uint8Array[],
): string | undefined {
  const differs = decided.findIndex((change, place) => {
    const other = logged[place];
    return other === undefined || !equalBytes(change, other);
  });
  if (differs < 0 && decided.length === logged.length) return undefined;
  const place = differs < 0 ? decided.length : differs;
  return `it journalled ${logged.length} changes where the rules make ${decided.length}; number ${place} differs`;
}

export function compareSaying(decided: Saying, said: LoggedMessage): string | undefined {
  const { request } = said.header;
  const sameRequest =
    request === null || decided.request === null
      ? request === decided.request
      : equalBytes(request, decided.request);
  if (decided.type !== said.type || !sameRequest)
    return `it said ${describe(said.type, said.body)} where the rules say ${describe(decided.type, decided.body)}`;
  if (equalBytes(decided.body, said.body)) return undefined;
  return `it said ${describe(said.type, said.body)} where the rules say ${describe(decided.type, decided.body)}, or the same with other bytes`;
}

/** For people: REFUSED with its codes. */
export function describe(type: MessageType, body: Uint8Array): string {
  const refused = type === 'REFUSED' ? decode(Refused, body, BODY_MAX) : undefined;
  if (refused?.ok !== true) return type;
  return `REFUSED ${refused.value.refusals.map(({ code }) => code).join(' ')}`;
}

const APOLOGY = encode(Refused, { refusals: [{ code: 'INTERNAL', facts: [] }] });

/** What a machine does whose core fails on a message: it says so, and changes nothing. */
export function decideApology(request: Uint8Array | null): Decided {
  const effects: readonly Saying[] =
    request === null ? [] : [{ kind: 'say', type: 'REFUSED', request, body: APOLOGY }];
  return { changes: [], effects };
}

export function isApology({ type, body }: LoggedMessage): boolean {
  return type === 'REFUSED' && equalBytes(body, APOLOGY);
}
