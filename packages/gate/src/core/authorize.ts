/**
 * Who asked for the money, and who screened it: every intent that this gate sees for the first time is signed by a requester of
 * the charter and covered by a screen's verdict; one that it has cleared is the same as then. Refuses INTENT_SIGNATURE, INTENT_REUSED, SCREENING.
 * Spec: protocol-spec/4-messages.md, "Intents" and "Verdicts".
 */
import { hashIntent, hashVerdict, toHex } from '@coldwire/protocol';
import type { GateCharter } from './charter.ts';
import type { GateIntent, Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { verifySignature } from './signature.ts';
import type { GateState } from './state.ts';

export function checkIntents(state: GateState, rebuilt: Rebuilt): readonly GateRefusal[] {
  const favourites = new Map<string, Uint8Array>();
  return rebuilt.intents.flatMap((row) => {
    const hash = hashIntent(state.charter.first, row.bytes);
    const known = state.intents.get(row.id);
    // Judged when it was cleared first: its requester's key may be gone since, and what is stuck must be bumped all the same.
    if (known !== undefined)
      return known.hash === toHex(hash) ? [] : [refuse('INTENT_REUSED', { intent: row.id })];
    return isRequested(state.charter, row, hash, favourites)
      ? []
      : [refuse('INTENT_SIGNATURE', { intent: row.id })];
  });
}

/** @param favourites by requester: the key that signed its last one is tried first, since each try takes as long */
function isRequested(
  { charter }: GateCharter,
  { intent, signature }: GateIntent,
  hash: Uint8Array,
  favourites: Map<string, Uint8Array>,
): boolean {
  const requester = charter.requesters.find(({ name }) => name === intent.requester);
  if (requester === undefined) return false;
  const last = favourites.get(requester.name);
  const keys = last === undefined ? requester.keys : [last, ...requester.keys.filter((key) => key !== last)];
  const found = keys.find((key) => verifySignature(key, hash, signature));
  if (found !== undefined) favourites.set(requester.name, found);
  return found !== undefined;
}

export function checkVerdicts(state: GateState, rebuilt: Rebuilt): readonly GateRefusal[] {
  const { charter, first } = state.charter;
  const hashes = rebuilt.intents.map(({ bytes }) => hashIntent(first, bytes));
  const covered = new Set<number>();
  for (const { screen, covers, issued, signature } of rebuilt.request.verdicts) {
    const key = charter.screens.find(({ name }) => name === screen)?.key;
    const parts = covers.flatMap((place) => hashes[place] ?? []);
    if (key === undefined || parts.length !== covers.length) continue;
    if (verifySignature(key, hashVerdict(first, issued, parts), signature))
      for (const place of covers) covered.add(place);
  }
  return rebuilt.intents.flatMap(({ id }, place) =>
    covered.has(place) || state.intents.has(id) ? [] : [refuse('SCREENING', { intent: id })],
  );
}
