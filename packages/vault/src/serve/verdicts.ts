/**
 * What follows from refusals. A code that one intent causes ends that withdrawal when two signers say it, or all gates; a code
 * that passes with time only delays; everything else delays too, with an alarm, since an honest vault's draft does not meet it.
 */
import { type Draft, decodeIntent, toHex } from '@coldwire/protocol';
import type { Role } from '../queue/index.ts';
import type { Refusal } from './peer.ts';

/** Refusals that name an intent and stay true for ever. EXPIRED has an end of its own. */
const FOR_GOOD: readonly string[] = [
  'STALE_CHARTER',
  'INTENT_SIGNATURE',
  'INTENT_LIFE',
  'INTENT_REUSED',
  'DESTINATION_DENIED',
  'OUTPUT_TYPE',
  'DUST',
  'AMOUNT_TX',
];

/** Refusals that pass by themselves, or once people have acted: nothing is wrong with the draft. */
const PASSING: readonly string[] = [
  'AMOUNT_WINDOW',
  'COUNT_WINDOW',
  'FEE_WINDOW',
  'CLOCK_STALE',
  'FROZEN',
  'STATE_ROLLBACK',
  'CLONE',
  'UNWITNESSED',
  'RESTORED',
  // Of a signer that was taken back, until this line is past what gates have seen of it.
  'BAD_RECEIPT',
  'EXPIRED',
  'SCREENING',
  'APPROVAL_MISSING',
  'DESTINATION_UNKNOWN',
  'DESTINATION_DELAY',
  'DESTINATION_WINDOW',
  'REQUESTER_WINDOW',
  'PATH_RANGE',
  'IMMATURE',
  'UNPROVEN_PARENT',
];

/** Refusals after which the signer is told what it lacks (coins, witnesses, destinations) and asked again. */
export const READMIT: readonly string[] = [
  'UNKNOWN_OUTPOINT',
  'PATH_RANGE',
  'IMMATURE',
  'UNWITNESSED',
  'DESTINATION_UNKNOWN',
];

export function isPassing({ code }: Refusal): boolean {
  return PASSING.includes(code);
}

/**
 * The intents (hexadecimal ids) of a draft that these refusals end, each with the codes that do.
 * @param by whose refusals: a gate's part of a window is its own, and grows and shrinks with the number of gates
 */
export function endedBy(
  draft: Draft,
  refusals: readonly Refusal[],
  by: Role = 'signer',
): ReadonlyMap<string, readonly string[]> {
  const ids = draft.intents.map(([bytes]) => {
    const intent = decodeIntent(bytes);
    return intent.ok ? toHex(intent.value.id) : '';
  });
  const ended = new Map<string, string[]>();
  for (const refusal of refusals) {
    const id = intentOf(draft, ids, refusal);
    const isEnd = FOR_GOOD.includes(refusal.code) || (by === 'signer' && isOverWindow(refusal));
    if (id === undefined || !isEnd) continue;
    ended.set(id, [...new Set([...(ended.get(id) ?? []), refusal.code])]);
  }
  return ended;
}

/** A window that is smaller than this one amount will never let it pass. */
function isOverWindow({ code, facts }: Refusal): boolean {
  if (code === 'AMOUNT_WINDOW') return toSats(facts.get('amount')) > toSats(facts.get('limit'));
  const isVelocity = code === 'DESTINATION_WINDOW' || code === 'REQUESTER_WINDOW';
  return isVelocity && toSats(facts.get('asked')) > toSats(facts.get('limit'));
}

function toSats(text: string | undefined): bigint {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

/** The intent that a refusal is about: named, or by its output's place, or the only one there is. */
function intentOf(draft: Draft, ids: readonly string[], { facts }: Refusal): string | undefined {
  const named = facts.get('intent');
  if (named !== undefined) return ids.find((id) => id === named);
  const output = facts.get('output');
  if (output === undefined) return ids.length === 1 ? ids[0] : undefined;
  if (!/^\d{1,4}$/.test(output)) return undefined;
  const changeAt = new Set(draft.change.map(([, , , position]) => position));
  const place = Number(output);
  const before = [...changeAt].filter((position) => position < place).length;
  return changeAt.has(place) ? undefined : ids[place - before];
}

/** Ended by both lists: no single machine's word ends a withdrawal. Codes of either. */
export function endedByBoth(
  one: ReadonlyMap<string, readonly string[]>,
  other: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const both = new Map<string, readonly string[]>();
  for (const [id, codes] of one) {
    const more = other.get(id);
    if (more !== undefined) both.set(id, [...new Set([...codes, ...more])]);
  }
  return both;
}
